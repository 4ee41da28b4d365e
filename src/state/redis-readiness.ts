import type { EventEmitter } from 'node:events'
import type { StateLog } from './state.ts'

/** A client of Redis, as far as whether it is connected. */
type Connecting = Pick<EventEmitter, 'on' | 'off'> & { readonly status: string }

/** Says once that the connection is lost, and once that it is back. */
export function announce(client: Connecting, name: string, log: StateLog): void {
  let lost = false
  client.on('error', (error: Error) => {
    if (!lost) log('warn', `Redis at ${name}: ${error.message}`)
    lost = true
  })
  client.on('ready', () => {
    if (lost) log('info', `Redis at ${name} answers again`)
    lost = false
  })
}

/** Whether it is, or becomes ready within `timeout` milliseconds. */
export function isReady(client: Connecting, timeout: number): Promise<boolean> {
  if (client.status === 'ready') return Promise.resolve(true)
  return new Promise((resolve) => {
    const done = (ready: boolean) => {
      clearTimeout(timer)
      client.off('ready', onReady)
      resolve(ready)
    }
    const onReady = () => done(true)
    const timer = setTimeout(() => done(false), timeout)
    client.on('ready', onReady)
  })
}
