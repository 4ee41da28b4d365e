-- KEYS[1] epoch, KEYS[2] log   ARGV log ms, id for a store that has none
local function epochOf()
  local epoch = redis.call('GET', KEYS[1])
  if epoch then return epoch end
  redis.call('SET', KEYS[1], ARGV[2])
  append(KEYS[2], ARGV[1], 'everything', '', math.floor(now() / 1000) * 1000 - 1)
  return ARGV[2]
end
