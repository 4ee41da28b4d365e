export interface Turns {
  /** Lets work begin: now, or when it is its party's turn. Says whether it has begun. */
  take(party: unknown, begin: () => void): boolean
  /** A connection came, behind which others may wait: they are let in one by one, between two looks at the network. */
  arrived(): void
}

/**
 * Begins at most so many pieces of work between two looks at the network, as what came in one packet, or on a thousand
 * connections, would hold up all that comes after it; and `few` while several parties wait: then a request costs a tenth
 * more, and who has little to ask waits half as long. Where connections come, one look after the other, it begins one
 * for every four of them: those that wait to be let in are in one line, and whose they are is not known before.
 */
export function takeTurns(most: number, few = most): Turns {
  const waiting = waitingLines()
  let begun = 0
  let limit = most
  let arrivals = 0
  let looking = false

  const look = () => {
    if (looking) return
    looking = true
    setImmediate(turn)
  }
  /** Runs once in each turn of the event loop in which anything began or somebody came. */
  const turn = () => {
    looking = false
    begun = 0
    if (waiting.parties() > 0) look()
    while (waiting.parties() > 0 && begun < Math.min(limit, waiting.parties() > 1 ? few : most)) {
      begun++
      waiting.take()?.()
    }
    limit = most
  }

  return {
    take(party, begin) {
      if (begun >= limit || waiting.parties() > 0) {
        waiting.add(party, begin)
        return false
      }
      look()
      begun++
      begin()
      return true
    },
    arrived() {
      limit = ++arrivals % 4 === 0 ? 1 : 0
      look()
    },
  }
}

/**
 * A line for each party. Each has one taken before any has its next, and one that comes while it has nothing waiting goes
 * before those that always have (RFC 8290 section 4.2, with pieces of work for packets): who asks now and then
 * waits for nobody who asks without end.
 */
function waitingLines() {
  const lines = new Map<unknown, (() => void)[]>()
  const sparse = new Set<unknown>()
  /** In the order of their turns. Who has nothing left stays for a round, or would come back as one of the sparse. */
  const steady = new Set<unknown>()

  function next(): unknown {
    for (const parties of [sparse, steady]) {
      for (const party of parties) {
        parties.delete(party)
        if (lines.has(party)) return party
      }
    }
    return undefined
  }

  return {
    parties: () => lines.size,
    add(party: unknown, begin: () => void): void {
      const line = lines.get(party)
      if (line !== undefined) line.push(begin)
      else {
        lines.set(party, [begin])
        if (!steady.has(party)) sparse.add(party)
      }
    },
    take(): (() => void) | undefined {
      const party = next()
      const line = lines.get(party)
      const begin = line?.shift()
      steady.add(party)
      if (line?.length === 0) lines.delete(party)
      if (lines.size === 0) steady.clear()
      return begin
    },
  }
}
