-- KEYS[1] families of a user, scored by the end of their absolute lifetime
-- ARGV family id, absolute ms, bound
local at = now()
local expires = at + tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', at))
redis.call('ZADD', KEYS[1], string.format('%.0f', expires), ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(ARGV[3]))
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
redis.call('PEXPIREAT', KEYS[1], last)
