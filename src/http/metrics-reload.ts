import { Counter, Gauge, type Registry } from 'prom-client'

export type ReloadOutcome = 'applied' | 'refused'

/** Counts what became of configurations that were read again, beginning with the one of the start. */
export function measureReloads(registers: Registry[]): (outcome: ReloadOutcome) => void {
  const reloads = new Counter({
    name: 'latchkey_config_reloads_total',
    help: 'Configurations read again while running: applied, or refused while the former one went on.',
    labelNames: ['outcome'],
    registers,
  })
  const loaded = new Gauge({
    name: 'latchkey_config_loaded_timestamp_seconds',
    help: 'When the configuration in use was taken up.',
    // Of several workers: the newest.
    aggregator: 'max',
    registers,
  })
  for (const outcome of ['applied', 'refused']) reloads.inc({ outcome }, 0)
  loaded.setToCurrentTime()
  return (outcome) => {
    reloads.inc({ outcome })
    if (outcome === 'applied') loaded.setToCurrentTime()
  }
}
