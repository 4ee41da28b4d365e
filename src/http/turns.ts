/** Lets work begin: now, or when it is its party's turn. */
export type TakeTurn = (party: unknown, begin: () => void) => void

/**
 * Begins at most so many pieces of work between two looks at the network, as what came in one packet, or on a thousand
 * connections, would hold up all that comes after it. Of those that wait, each party has one begun before
 * any has its next.
 */
export function takeTurns(most: number): TakeTurn {
  const waiting = new Map<unknown, (() => void)[]>()
  let begun = 0

  /** Runs once in each turn of the event loop in which anything began. */
  const turn = () => {
    begun = 0
    if (waiting.size === 0) return
    setImmediate(turn)
    for (; begun < most && waiting.size > 0; begun++) beginNext(waiting)
  }

  return (party, begin) => {
    if (begun < most && waiting.size === 0) {
      if (begun === 0) setImmediate(turn)
      begun++
      return begin()
    }
    const line = waiting.get(party)
    if (line === undefined) waiting.set(party, [begin])
    else line.push(begin)
  }
}

/** Of the party that has waited longest, which is then the last. */
function beginNext(waiting: Map<unknown, (() => void)[]>): void {
  const [longest] = waiting
  if (longest === undefined) return
  const [party, line] = longest
  const begin = line.shift()
  waiting.delete(party)
  if (line.length > 0) waiting.set(party, line)
  begin?.()
}
