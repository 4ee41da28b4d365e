-- KEYS[1] serials of a client   ARGV second
-- The first one that is known, and the last one of that second or before; nothing when there is none.
local last = redis.call('ZRANGE', KEYS[1], ARGV[1], '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, 1)[1]
if not last then return false end
return { redis.call('ZRANGE', KEYS[1], 0, 0)[1], last }
