-- KEYS budgets   ARGV limit and window ms of each
-- Nothing when every budget had one left; else the position of the exhausted one and its wait in ms.
for i, key in ipairs(KEYS) do
  local limit, window = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  if tonumber(redis.call('GET', key) or '0') >= limit then
    local wait = redis.call('PTTL', key)
    for given = 1, i - 1 do
      if redis.call('DECR', KEYS[given]) <= 0 then redis.call('DEL', KEYS[given]) end
    end
    return { i, wait > 0 and wait or window }
  end
  if redis.call('INCR', key) == 1 then redis.call('PEXPIRE', key, window) end
end
return false
