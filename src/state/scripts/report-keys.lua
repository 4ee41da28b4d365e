-- KEYS[1] instances   ARGV instance, how long it counts as live in ms or 0, what it serves
-- Each field is an instance, with "until what it serves" as its value; those whose time is over go.
local at = now()
local fields = redis.call('HGETALL', KEYS[1])
for i = 1, #fields, 2 do
  local ends = tonumber(string.match(fields[i + 1], '^%d+'))
  if ends <= at then redis.call('HDEL', KEYS[1], fields[i]) end
end
if ARGV[2] == '0' then return redis.call('HDEL', KEYS[1], ARGV[1]) end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f ', at + ARGV[2]) .. ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
