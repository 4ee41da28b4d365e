import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { hashSecret } from '../src/clients/secrets.ts'
import { startKillableServer } from '../test/parts/killable-server.ts'
import { freePort } from '../test/parts/port.ts'
import { temporaryFolder } from '../test/parts/temporary-folder.ts'
import { send } from './load.ts'
import { attacks } from './slow/attacks.ts'

/**
 * npm run bench:slow [-- --seconds 6 --rate 50 --rounds 2 --only unread]: what a client that asks for
 * tokens at a fixed rate waits, alone and beside slow, idle and numerous clients, in turns; and the
 * memory of the server. Times run from when a request was due, so that one that could not be sent
 * counts as slow.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '6' },
    rate: { type: 'string', default: '50' },
    rounds: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
  },
})
const seconds = Number(values.seconds)
const rate = Number(values.rate)
const authorization = `Basic ${Buffer.from('app:bench-secret').toString('base64')}`
const call = { path: '/token', form: 'grant_type=client_credentials', authorization }

interface Waits {
  readonly p50: number
  readonly p99: number
  readonly failures: number
  /** MiB, the most that was seen. */
  readonly memory: number
}

async function ask(url: string, pid: number): Promise<Waits> {
  const agent = new Agent({ keepAlive: true, maxSockets: 50 })
  const times: number[] = []
  let failures = 0
  let memory = 0
  const start = performance.now()
  const requests = Array.from({ length: seconds * rate }, async (_, index) => {
    const due = start + (index * 1000) / rate
    await pause(Math.max(0, due - performance.now()))
    memory = Math.max(memory, residentMemory(pid))
    const answer = await send(agent, url, call).catch(() => ({ status: 0 }))
    times.push(performance.now() - due)
    if (answer.status !== 200) failures += 1
  })
  await Promise.all(requests)
  agent.destroy()
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), failures, memory }
}

const residentMemory = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

async function beside(name: string, url: string, work: () => Promise<Waits>): Promise<Waits> {
  const attacker = fork(join(import.meta.dirname, 'slow/attacks.ts'), [name, new URL(url).port], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  try {
    // All of its connections are there, and the first have been ended.
    await pause(6000)
    return await work()
  } finally {
    attacker.kill('SIGKILL')
    await once(attacker, 'exit')
    // What it left behind is not what the next pair is about.
    await pause(3000)
  }
}

const folder = await temporaryFolder()
const port = await freePort()
const server = await startKillableServer({
  issuer: `http://127.0.0.1:${port}`,
  listen: { host: '127.0.0.1', port },
  keys: join(folder.path, 'keys'),
  state: `sqlite:${join(folder.path, 'state.sqlite')}`,
  users: [{ type: 'embedded', path: join(folder.path, 'users.sqlite') }],
  apis: [{ audience: 'https://api.example', scopes: ['read'] }],
  clients: [{ id: 'app', secrets: [hashSecret('bench-secret')], grants: ['client_credentials'] }],
})
const median = (numbers: readonly number[]) =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN
try {
  await ask(server.url, server.pid)
  for (const [name, { connections }] of Object.entries(attacks)) {
    if (!name.includes(values.only)) continue
    const pairs: [alone: Waits, beside: Waits][] = []
    for (let round = 0; round < Number(values.rounds); round++) {
      const alone = await ask(server.url, server.pid)
      pairs.push([alone, await beside(name, server.url, () => ask(server.url, server.pid))])
    }
    const ratio = (which: 'p50' | 'p99') =>
      median(pairs.map(([alone, attacked]) => attacked[which] / alone[which])).toFixed(2)
    const of = (which: 'p50' | 'p99', at: 0 | 1) =>
      median(pairs.map((pair) => pair[at][which])).toFixed(1)
    console.log(
      `${name} × ${connections}: p50 ${of('p50', 0)} -> ${of('p50', 1)} ms (× ${ratio('p50')}), ` +
        `p99 ${of('p99', 0)} -> ${of('p99', 1)} ms (× ${ratio('p99')}), ` +
        `${pairs.reduce((sum, [, { failures }]) => sum + failures, 0)} failures, ` +
        `${Math.max(...pairs.map(([, { memory }]) => memory)).toFixed(0)} MiB`,
    )
  }
} finally {
  await server.stop()
  await folder[Symbol.asyncDispose]()
}
