import { Counter, Gauge, type Registry } from 'prom-client'
import { type Connections, reasons } from './connections.ts'

/** Open connections, and why the server ended others. */
export function measureConnections(registers: Registry[], load: Connections['load']): void {
  new Gauge({
    name: 'latchkey_connections',
    help: 'Open connections.',
    registers,
    collect() {
      this.set(load().open)
    },
  })
  new Counter({
    name: 'latchkey_connections_ended_total',
    help: 'Connections that were not taken (full, address, barred), or that the server ended, by what they were too slow or too much for.',
    labelNames: ['reason'],
    registers,
    collect() {
      const { ended } = load()
      this.reset()
      for (const reason of reasons) this.inc({ reason }, ended.get(reason) ?? 0)
    },
  })
}
