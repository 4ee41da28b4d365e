-- KEYS[1] budget. A budget that became whole by itself has nothing to be given back.
if redis.call('EXISTS', KEYS[1]) == 1 and redis.call('DECR', KEYS[1]) <= 0 then
  redis.call('DEL', KEYS[1])
end
