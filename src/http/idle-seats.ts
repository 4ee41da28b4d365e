import type { Socket } from 'node:net'

/** Where a connection sits that waits for a request. */
const seat = Symbol('seat')
type Seated = Socket & { [seat]?: number | undefined }

/**
 * The connections that wait for a request. A Set would do, but for what it costs where they come and go by thousands: it
 * is made anew whenever it is full of what was removed, and to V8 each former one is an old object, which holds what was
 * in it until old objects are collected. Seats are given again and again.
 */
export function idleSeats() {
  const seats: (Socket | undefined)[] = []
  const free: number[] = []
  /** When each was taken, in turns. */
  const since: number[] = []
  let turn = 0

  const leave = (socket: Seated): void => {
    const at = socket[seat]
    if (at === undefined) return
    socket[seat] = undefined
    seats[at] = undefined
    free.push(at)
  }
  return {
    take(socket: Seated): void {
      if (socket[seat] !== undefined) return
      const at = free.pop() ?? seats.length
      seats[at] = socket
      since[at] = turn++
      socket[seat] = at
    },
    leave,
    has: (socket: Seated): boolean => socket[seat] !== undefined,
    /** Looks at all of them. */
    longest(): Socket | undefined {
      let longest: number | undefined
      for (const [at, socket] of seats.entries())
        if (socket && (longest === undefined || (since[at] ?? 0) < (since[longest] ?? 0)))
          longest = at
      return longest === undefined ? undefined : seats[longest]
    },
  }
}
