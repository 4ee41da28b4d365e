-- KEYS[1] instances
-- The time, and every instance with its value, the dead among them.
return { string.format('%.0f', now()), redis.call('HGETALL', KEYS[1]) }
