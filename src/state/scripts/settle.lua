-- KEYS budgets that get one back, budgets that are whole, [origins of an account]
-- ARGV number of the first, number of the second, [life ms and bound of the origins, their names]
local refunded, restored = tonumber(ARGV[1]), tonumber(ARGV[2])
for i = 1, refunded do
  -- One that became whole by itself has nothing to be given back.
  if redis.call('DECR', KEYS[i]) <= 0 then redis.call('DEL', KEYS[i]) end
end
for i = refunded + 1, refunded + restored do redis.call('DEL', KEYS[i]) end

if #ARGV > 2 then
  local key, life, at = KEYS[#KEYS], tonumber(ARGV[3]), now()
  redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', at))
  for i = 5, #ARGV do redis.call('ZADD', key, string.format('%.0f', at + life), ARGV[i]) end
  local all = redis.call('ZRANGE', key, 0, -1)
  for i = 1, #all - tonumber(ARGV[4]) do redis.call('ZREM', key, all[i]) end
  redis.call('PEXPIRE', key, ARGV[3])
end
