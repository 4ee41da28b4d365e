import { createHmac, randomBytes } from 'node:crypto'

/** Seconds within which the second request follows. */
const patience = 10
/** Bound on what is remembered; the oldest goes first. */
const most = 10_000

/** Requests that were judged wrong with the client's credentials in the header, and may come again with them in the body. */
export interface Repeats {
  expect(request: string): void
  /** Whether this is one that is expected: true once. */
  take(request: () => string): boolean
}

/**
 * x/oauth2 of Go, unless told how a client authenticates, sends whatever was refused once more, with
 * the credentials in the body (AuthStyleAutoDetect). It is one guess, and must not count as two. The
 * second is judged like any other, so nothing is learnt from it that the first did not tell.
 *
 * Requests are kept as digests under a key of this process: a client that repeats itself does so on
 * the connection it has.
 */
export function createRepeats(): Repeats {
  const key = randomBytes(32)
  const expected = new Map<string, number>()
  const digest = (request: string) => createHmac('sha256', key).update(request).digest('base64url')

  return {
    expect(request) {
      const name = digest(request)
      expected.delete(name)
      expected.set(name, performance.now() + patience * 1000)
      const [oldest] = expected.keys()
      if (expected.size > most && oldest !== undefined) expected.delete(oldest)
    },
    take(request) {
      if (expected.size === 0) return false
      const name = digest(request())
      const until = expected.get(name)
      expected.delete(name)
      return until !== undefined && until > performance.now()
    },
  }
}
