/** Who has a task, in memory that all threads see: nobody yet, a thread, or nobody any more. */
export type Claim = Int32Array<SharedArrayBuffer>

const [open, taken, givenUp] = [0, 1, 2]

export const newClaim = (): Claim => new Int32Array(new SharedArrayBuffer(4))

/** False where another was first, or nobody wants it any more. */
export const take = (claim: Claim): boolean =>
  Atomics.compareExchange(claim, 0, open, taken) === open

/** False where a thread has it. */
export const giveUp = (claim: Claim): boolean =>
  Atomics.compareExchange(claim, 0, open, givenUp) === open

export const isTaken = (claim: Claim): boolean => Atomics.load(claim, 0) === taken
