import type { RedisServer } from '../parts/redis.ts'

/** Adds to when a family was opened and last used, and leaves the key's own end as it is. */
const script = `
local value = redis.call('GET', KEYS[1])
local later = value:gsub('^(%d+) (%d+)', function(generation, opened)
  return string.format('%s %.0f', generation, opened + ARGV[1])
end)
return redis.call('SET', KEYS[1], later, 'KEEPTTL')`

/** The family in Redis as it would be, had the clock been set back by so many milliseconds. */
export async function putForward(
  nodes: readonly RedisServer[],
  id: string,
  by: number,
): Promise<void> {
  const words = ['EVAL', script, '1', `latchkey:family:${id}`, String(by)]
  // Of a Cluster's nodes all but one say that it is elsewhere.
  await Promise.any(nodes.map((node) => node.command(...words)))
}
