-- ARGV[3] epoch of the position or '' for the start, ARGV[4] its entry or '0', ARGV[5] limit
-- Epoch, and the entries with one more than the limit when there is one; nothing when the position is gone.
local epoch = epochOf()
if ARGV[3] ~= '' and ARGV[3] ~= epoch then return false end
local from = ARGV[4]
if from == '0' then return { epoch, redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', ARGV[5] + 1) } end
local entries = redis.call('XRANGE', KEYS[2], from, '+', 'COUNT', ARGV[5] + 2)
if not entries[1] or entries[1][1] ~= from then return false end
table.remove(entries, 1)
return { epoch, entries }
