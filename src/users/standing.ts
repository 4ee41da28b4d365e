import type { Directory } from './directory.ts'

/** Whether a login of `sub` made at `since` (milliseconds since the epoch) is still in good standing. */
export type Standing = (sub: string, since: number) => Promise<boolean>

interface Known {
  readonly until: number
  readonly disabled: boolean
  readonly passwordChangedAt: number
}

/**
 * Asks the directory whether the user is there, enabled, and has not changed the password since,
 * and believes a yes for at most `seconds` (at most 5, so that a disabled user is out soon). A no is
 * always asked anew: it ends logins, and the user may have been let in again meanwhile.
 */
export function createStanding(users: Directory, seconds = 5, size = 10_000): Standing {
  const answers = new Map<string, Known>()
  return async (sub, since) => {
    const known = answers.get(sub)
    if (known && known.until > performance.now() && isGood(known, since)) return true
    return isGood(await ask(sub), since)
  }

  async function ask(sub: string): Promise<Known> {
    const user = await users.findById(sub)
    const answer = {
      until: performance.now() + seconds * 1000,
      disabled: user?.disabled ?? true,
      passwordChangedAt: user?.passwordChangedAt ?? 0,
    }
    answers.delete(sub)
    answers.set(sub, answer)
    // A Map keeps insertion order: the first key is the oldest answer.
    const [oldest] = answers.keys()
    if (answers.size > size && oldest !== undefined) answers.delete(oldest)
    return answer
  }
}

const isGood = ({ disabled, passwordChangedAt }: Known, since: number): boolean =>
  !disabled && passwordChangedAt <= since
