import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

export interface HashingMetrics {
  /** A password hash whose turn came, after so many seconds. */
  readonly onTurn: (waited: number) => void
  /** One whose turn did not come: `full`, `late` or `gone`. */
  readonly onMissed: (reason: string) => void
}

/** Password hashes: how many are in work and wait, how long they waited, and whom there was no place for. */
export function measureHashing(
  registers: Registry[],
  load: () => { readonly running: number; readonly waiting: number },
): HashingMetrics {
  new Gauge({
    name: 'latchkey_password_verifications',
    help: 'Password hashes being computed, and logins waiting for one.',
    labelNames: ['state'],
    registers,
    collect() {
      const { running, waiting } = load()
      this.set({ state: 'running' }, running)
      this.set({ state: 'waiting' }, waiting)
    },
  })
  const waited = new Histogram({
    name: 'latchkey_password_wait_seconds',
    help: 'Time that a password hash waited for its turn.',
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  })
  const missed = new Counter({
    name: 'latchkey_password_missed_total',
    help: 'Password hashes whose turn did not come: the queue was full, it was late, or the client was gone.',
    labelNames: ['reason'],
    registers,
  })
  for (const reason of ['full', 'late', 'gone']) missed.inc({ reason }, 0)
  return {
    onTurn: (seconds) => waited.observe(seconds),
    onMissed: (reason) => missed.inc({ reason }),
  }
}
