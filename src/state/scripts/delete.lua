-- Whether the key was there. WAIT waits for what its own connection wrote last, since Redis 7.2 and in Valkey: who
-- finds that somebody else has deleted the key writes, too, or would count it as deleted at replicas that have it yet.
local function delete(key)
  if redis.call('DEL', key) == 1 then return true end
  redis.call('SET', key, '')
  redis.call('DEL', key)
  return false
end
