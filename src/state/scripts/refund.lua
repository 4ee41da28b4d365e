-- KEYS[1] budget. One that became whole by itself has nothing to be given back.
if redis.call('DECR', KEYS[1]) <= 0 then redis.call('DEL', KEYS[1]) end
