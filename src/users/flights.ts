import { setTimeout } from 'node:timers/promises'

/** What attempts in flight, in this process, have taken and may give back. */
export interface Flights {
  /** Holds something of each key until it lands, with all of it given back or nothing. */
  takeOff(keys: readonly string[]): (givesBack: boolean) => void
  /** Whether something of the key is given back within so many milliseconds; false once nobody could. */
  givenBack(key: string, within: number): Promise<boolean>
}

interface Holders {
  count: number
  next: PromiseWithResolvers<boolean>
}

export function createFlights(): Flights {
  const held = new Map<string, Holders>()

  function land(key: string, givesBack: boolean): void {
    const holders = held.get(key)
    if (holders === undefined) return
    holders.count -= 1
    if (holders.count === 0) held.delete(key)
    if (!givesBack && holders.count > 0) return
    holders.next.resolve(givesBack)
    holders.next = Promise.withResolvers()
  }

  return {
    takeOff(keys) {
      for (const key of keys) {
        const holders = held.get(key) ?? { count: 0, next: Promise.withResolvers<boolean>() }
        held.set(key, holders)
        holders.count += 1
      }
      return (givesBack) => {
        for (const key of keys) land(key, givesBack)
      }
    },

    async givenBack(key, within) {
      const holders = held.get(key)
      if (holders === undefined || within <= 0) return false
      const over = new AbortController()
      const late = setTimeout(within, false, { signal: over.signal, ref: false }).catch(() => false)
      try {
        return await Promise.race([holders.next.promise, late])
      } finally {
        over.abort()
      }
    },
  }
}
