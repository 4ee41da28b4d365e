-- KEYS[1] serials of a client: the last one of each second, scored by the second
-- ARGV how long to keep them in ms
-- The next one: the first begins at its second (serials.ts).
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
local at = now()
local second = string.format('%.0f', math.max(math.floor(at / 1000), tonumber(last[2] or '0')))
local serial = string.format('%.0f', last[1] and last[1] + 1 or second * 1048576)
redis.call('ZREMRANGEBYSCORE', KEYS[1], second, second)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf',
  string.format('(%.0f', math.floor((at - tonumber(ARGV[1])) / 1000)))
redis.call('ZADD', KEYS[1], second, serial)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return serial
