import { Counter, Gauge, type Registry } from 'prom-client'

/** The keys of this process at one moment. */
export interface KeysMeasured {
  readonly keys: readonly { readonly state: string; readonly algorithm: string }[]
  /** Seconds until the next step of the ring is due, below 0 for one that is held back; undefined where none lies ahead. */
  readonly nextStepIn: number | undefined
}

/** Keys by state, tokens by key, and the time to the next step; what is returned counts a token. */
export function measureKeys(registers: Registry[], measured: () => KeysMeasured) {
  new Gauge({
    name: 'latchkey_keys',
    help: 'Signing keys by state and algorithm.',
    labelNames: ['state', 'algorithm'],
    // Every process has the same ones.
    aggregator: 'first',
    registers,
    collect() {
      this.reset()
      for (const { state, algorithm } of measured().keys) this.inc({ state, algorithm })
    },
  })
  new Gauge({
    name: 'latchkey_key_next_step_seconds',
    help: 'Time to the next step of the signing keys; below 0 when one is held back, not a number when none lies ahead.',
    aggregator: 'min',
    registers,
    collect() {
      this.set(measured().nextStepIn ?? Number.NaN)
    },
  })
  const tokens = new Counter({
    name: 'latchkey_tokens_signed_total',
    help: 'Access tokens signed, by key.',
    labelNames: ['kid'],
    registers,
  })
  return (kid: string) => tokens.inc({ kid })
}
