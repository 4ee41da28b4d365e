import { AmbiguousUser, DirectoryUnavailable } from './directory.ts'

export interface Bounds {
  /** Milliseconds after which the caller gets DirectoryUnavailable. */
  readonly timeout: number
  /** Requests under way at once; the next one gets DirectoryUnavailable immediately. */
  readonly inFlight: number
}

/**
 * Runs requests to a directory within bounds of time and number. Whatever else goes wrong becomes
 * DirectoryUnavailable, with a message for the log and without the cause: drivers put statements
 * and their parameters into their errors.
 */
export function bounded(name: string, { timeout, inFlight }: Bounds) {
  let running = 0
  return async <T>(request: () => Promise<T>): Promise<T> => {
    if (running >= inFlight) {
      throw new DirectoryUnavailable(
        `directory ${name}: ${inFlight} requests are under way already`,
      )
    }
    running += 1
    const settled = request().finally(() => {
      running -= 1
    })
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(
      () =>
        late.reject(new DirectoryUnavailable(`directory ${name}: no answer within ${timeout} ms`)),
      timeout,
    )
    try {
      return await Promise.race([settled, late.promise])
    } catch (error) {
      if (error instanceof AmbiguousUser || error instanceof DirectoryUnavailable) throw error
      throw new DirectoryUnavailable(`directory ${name}: ${reason(error)}`)
    } finally {
      clearTimeout(timer)
    }
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown failure'
  // fetch says what went wrong in its cause; a host with several addresses, in the parts alone.
  if (error.cause instanceof Error) return reason(error.cause)
  const [first] = error instanceof AggregateError ? error.errors : []
  const message = error.message || (first instanceof Error ? first.message : error.name)
  return message.replace(/\s+/g, ' ').slice(0, 200)
}
