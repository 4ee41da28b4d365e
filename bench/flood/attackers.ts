import { Agent, request } from 'node:http'
import { getPriority, setPriority } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'

/** What became of so many logins. */
export interface Flood {
  readonly sent: number
  /** How often each status came; 0 where none came. */
  readonly statuses: Readonly<Record<string, number>>
}

const networks = 10
const mostOpen = 400
const form = 'grant_type=password&username=johndoe&password=wrong&client_id=web'

/** Wrong passwords from ten networks, `rate` a second whether they are answered or not, for `seconds`. */
async function flood(url: string, rate: number, seconds: number): Promise<Flood> {
  const agent = new Agent({ keepAlive: true, maxSockets: mostOpen })
  const statuses: Record<string, number> = {}
  const count = (status: number) => {
    statuses[status] = (statuses[status] ?? 0) + 1
  }
  const open = new Set<Promise<void>>()
  const start = performance.now()
  let sent = 0
  for (; sent < rate * seconds; sent += 1) {
    const early = start + (sent * 1000) / rate - performance.now()
    if (early > 1) await pause(early)
    if (open.size >= mostOpen) await Promise.race(open)
    const one: Promise<void> = login(agent, url, `198.51.${sent % networks}.${sent % 200}`)
      .then(count)
      .finally(() => open.delete(one))
    open.add(one)
  }
  await Promise.all(open)
  agent.destroy()
  return { sent, statuses }
}

const login = (agent: Agent, url: string, address: string) =>
  new Promise<number>((resolve) => {
    const headers = {
      'Content-Type': 'application/x-www-form-urlencoded',
      'X-Forwarded-For': address,
    }
    const sent = request(`${url}/token`, { agent, method: 'POST', headers })
    sent.on('error', () => resolve(0))
    sent.on('response', (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
    })
    sent.end(form)
  })

// An attacker has machines of their own: on this one they come after the server.
setPriority(Math.min(19, getPriority() + 10))
const [url = '', rate = '', seconds = ''] = process.argv.slice(2)
process.send?.(await flood(url, Number(rate), Number(seconds)))
process.disconnect?.()
