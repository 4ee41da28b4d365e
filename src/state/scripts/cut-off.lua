-- KEYS[1] mark   ARGV milliseconds since the epoch or '' for now, how long to keep it in ms, log, log ms,
-- kind, target
-- A mark only ever moves forward: an earlier cut-off says nothing that the later one does not.
local present = now()
local asked = tonumber(ARGV[1]) or present
local at = math.max(asked, tonumber(redis.call('GET', KEYS[1])) or 0)
local expires = math.max(at, present) + tonumber(ARGV[2])
redis.call('SET', KEYS[1], string.format('%.0f', at), 'PXAT', string.format('%.0f', expires))
if ARGV[3] ~= '' then append(ARGV[3], ARGV[4], ARGV[5], ARGV[6], asked) end
