/**
 * What the servers of one state know of their signing keys together (ADR 0009). The ring itself may
 * be elsewhere, in a folder; what servers say of it is always here, and so is the one clock they share.
 */
export interface KeyRecords {
  /** The ring; undefined before there is one. */
  keyRing(): Promise<KeyRingRecord | undefined>
  /**
   * Puts a ring in the place of version `expected`, 0 for none. False when another version is there;
   * durable when it is true.
   */
  replaceKeyRing(expected: number, ring: KeyRingRecord): Promise<boolean>
  /** Logs that nothing is good that the key has signed: an entry of the kind `key`. Durable. */
  cutKey(kid: string): Promise<void>
  /** An instance says what it serves, and counts as live for `ttl` seconds; with 0, no longer. */
  reportKeys(report: KeyReport, ttl: number): Promise<void>
  /** What the live instances serve, about how many tokens each of `kids` has signed, and the time. */
  keyReports(kids: readonly string[]): Promise<KeyReports>
}

export interface KeyRingRecord {
  /** 1 or more. */
  readonly version: number
  readonly text: string
}

/** Which ring an instance serves, and in which version. */
export interface ServedRing {
  /** Random, one for the life of a process. */
  readonly instance: string
  readonly ring: string
  readonly version: number
}

export interface KeyReport extends ServedRing {
  /** Tokens signed since the last report, by kid. */
  readonly signed: Readonly<Record<string, number>>
}

export interface KeyReports {
  /** Milliseconds since the epoch, by the store's clock. */
  readonly now: number
  readonly instances: readonly ServedRing[]
  /** By kid. A report whose outcome was unknown may be counted twice, or not at all. */
  readonly signed: Readonly<Record<string, number>>
}

/** Seconds for which a count is kept after its last change: longer than any key lives. */
export const countRetention = 400 * 86_400
