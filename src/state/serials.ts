/**
 * Where the serials of a client begin: at the second of its first token, so that serials which were
 * forgotten when all their tokens were dead do not come again. A client that gets a million tokens a
 * second for the whole of their lives would catch up with itself.
 */
export const firstSerial = (now: number): number => Math.floor(now / 1000) * 2 ** 20

/** Tokens say the second of their issue (iat), and no less: of a cut-off's own second all are dead. */
export const endOfSecond = (at: number): number => Math.floor(at / 1000) * 1000 + 999
