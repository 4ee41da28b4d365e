/** Too many secrets wait to be compared; nothing is known about this one. */
export class SecretsBusy extends Error {
  override readonly name = 'SecretsBusy'
  constructor() {
    super('too many client secrets are being verified')
  }
}

/** Runs one task at a time, in order; beyond `limit` waiting tasks it throws SecretsBusy. */
export function createGate(limit: number) {
  let waiting = 0
  let last: Promise<unknown> = Promise.resolve()
  return async <T>(task: () => Promise<T>): Promise<T> => {
    if (waiting >= limit) throw new SecretsBusy()
    waiting++
    const turn = last.then(task)
    last = turn.catch(() => undefined)
    try {
      return await turn
    } finally {
      waiting--
    }
  }
}
