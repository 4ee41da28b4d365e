-- KEYS[1] epoch, KEYS[2] log   ARGV log ms, id for a store that has none
-- The epoch is an id and, after a space, since when it is: milliseconds since 1970.
local function epochOf()
  local epoch = redis.call('GET', KEYS[1])
  if not epoch then
    epoch = ARGV[2] .. string.format(' %.0f', now())
    redis.call('SET', KEYS[1], epoch)
    append(KEYS[2], ARGV[1], 'everything', '', math.floor(now() / 1000) * 1000 - 1)
  end
  return epoch:match('^[^ ]+'), epoch
end
