-- KEYS[1] logins of many users, scored by the second in which they end at the latest
-- ARGV what the user's members begin with, family id, absolute ms, bound of each user
local mark, at = ARGV[1], now()
local expires = math.ceil((at + tonumber(ARGV[3])) / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', math.floor(at / 1000)))
redis.call('ZADD', KEYS[1], string.format('%.0f', expires), mark .. ARGV[2])
local own = {}
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if member:sub(1, #mark) == mark then own[#own + 1] = member end
end
for i = 1, #own - tonumber(ARGV[4]) do redis.call('ZREM', KEYS[1], own[i]) end
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last * 1000))
