-- KEYS[1] ring   ARGV the version it must have, 0 for none, and what takes its place
-- 1 when it was replaced. A ring begins with its version.
local found = redis.call('GET', KEYS[1])
if tonumber(found and string.match(found, '^%d+') or '0') ~= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
