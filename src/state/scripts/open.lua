-- KEYS[1] family   ARGV idle ms, absolute ms, client, sub, facts
-- The family as written, or nothing when the id is taken.
if redis.call('EXISTS', KEYS[1]) == 1 then return false end
local created = now()
local expires = created + tonumber(ARGV[2])
local family = {
  generation = 1,
  createdAt = created,
  lastUsedAt = created,
  idleExpiresAt = math.min(created + tonumber(ARGV[1]), expires),
  expiresAt = expires,
  nonce = '',
  client = ARGV[3],
  sub = ARGV[4],
  facts = ARGV[5],
}
write(KEYS[1], family)
return family.value
