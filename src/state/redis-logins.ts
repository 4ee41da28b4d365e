import { hash } from 'node:crypto'
import { listedFamilies } from './lifetimes.ts'
import type { RedisConnection } from './redis-connection.ts'
import { scripts } from './redis-script.ts'

/**
 * Whose logins are whose, in Redis: 65,536 sorted sets for all users. One for each would cost more
 * than most of what it lists, for most users have one login.
 */
export function redisLogins(redis: RedisConnection, key: (...parts: string[]) => string) {
  /** Which of the sets a user's logins are in, and what they begin with there. */
  const placeOf = (sub: string) => {
    const digest = hash('sha256', sub.toWellFormed())
    return { name: key('logins', digest.slice(0, 4)), mark: digest.slice(4, 12) }
  }

  return {
    /** @param absolute milliseconds that the login has at most */
    async enlist(family: { id: string; sub: string }, absolute: number): Promise<void> {
      const { name, mark } = placeOf(family.sub)
      await redis.run(scripts.enlist, [name], mark, family.id, absolute, listedFamilies)
    },

    /** Ids of the user's families, dead ones among them, and of a user's that begins alike. */
    async of(sub: string): Promise<string[]> {
      const { name, mark } = placeOf(sub)
      const members = await redis.send('zrange', name, 0, -1)
      return (Array.isArray(members) ? members.map(String) : [])
        .filter((member) => member.startsWith(mark))
        .map((member) => member.slice(mark.length))
    },
  }
}
