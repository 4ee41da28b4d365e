import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { hashSecret } from '../src/clients/secrets.ts'
import { freePort } from '../test/parts/port.ts'
import { temporaryFolder } from '../test/parts/temporary-folder.ts'
import { load, send } from './load.ts'
import { loopTimeOf } from './process.ts'
import { startServing } from './serving.ts'
import { attacks } from './slow/attacks.ts'
import { median, quantile } from './statistics.ts'

/**
 * npm run bench:slow [-- --seconds 12 --rate 100 --rounds 3 --only unread]: what a client that asks for a token some hundred
 * times a second waits, alone and from the first moment of an attack on, in turns: in milliseconds, and in those of them in
 * which the server's loop was on a processor, be it for this client or for others. The latter hardly depend on what
 * else the machine does; Linux tells them in steps of 4 where the loop does not rest. The attackers have the last
 * processor alone, and come after whatever else runs there: they would have machines of their own. One `latchkey serve`
 * bears all the attacks; its memory is the most seen since its start.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '12' },
    rate: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
  },
})
const [seconds, rate, rounds] = [values.seconds, values.rate, values.rounds].map(Number) as [
  number,
  number,
  number,
]
const authorization = `Basic ${Buffer.from('app:bench-secret').toString('base64')}`
const call = { path: '/token', form: 'grant_type=client_credentials', authorization }
const print = (line: string) => process.stdout.write(`${line}\n`)

await using folder = await temporaryFolder()
const port = await freePort()
const url = `http://127.0.0.1:${port}`
const server = await startServing(folder.path, url, {
  issuer: url,
  listen: { port },
  apis: [{ audience: 'https://api.example', scopes: ['read'] }],
  clients: [{ id: 'app', secrets: [hashSecret('bench-secret')], grants: ['client_credentials'] }],
})

interface Waits {
  /** Milliseconds, from when a request could be sent: one that was due before the last was answered waits since then. */
  readonly waited: readonly number[]
  /** Of those since it was sent, what the server's loop worked. */
  readonly worked: readonly number[]
  readonly failures: number
}

async function ask(): Promise<Waits> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const waited: number[] = []
  const worked: number[] = []
  let failures = 0
  const start = performance.now()
  for (let index = 0; index < seconds * rate; index++) {
    const due = start + (index * 1000) / rate
    const early = due - performance.now()
    if (early > 0) await pause(early)
    // A server that cannot keep up would be asked for ever.
    if (early < -1000 * seconds) break
    const since = early > 0 ? performance.now() : due
    const before = loopTimeOf(server.pid)
    const { status } = await send(agent, url, call).catch(() => ({ status: 0 }))
    worked.push(loopTimeOf(server.pid) - before)
    waited.push(performance.now() - since)
    if (status !== 200) failures += 1
  }
  agent.destroy()
  return { waited, worked, failures }
}

async function attacked(name: string): Promise<Waits> {
  const attacker = fork(join(import.meta.dirname, 'slow/attacks.ts'), [name, String(port)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await once(attacker, 'message')
  try {
    attacker.send('begin')
    return await ask()
  } finally {
    attacker.kill('SIGKILL')
    await once(attacker, 'exit')
    // What it left behind is not what the next pair is about.
    await pause(3000)
  }
}

try {
  // Code is compiled by then, and memory is what it is under load.
  await load(url, 16, 10, () => call)
  print(
    `${rate} requests a second for ${seconds} s, ${rounds} times; memory ${mebibytes(server.peak())}`,
  )
  for (const [name, { connections }] of Object.entries(attacks)) {
    if (!name.includes(values.only)) continue
    const pairs: [alone: Waits, beside: Waits][] = []
    for (let round = 0; round < rounds; round++) pairs.push([await ask(), await attacked(name)])
    const failures = pairs.reduce((sum, [, beside]) => sum + beside.failures, 0)
    print(`${name} × ${connections}: ${failures} failures, memory ${mebibytes(server.peak())}`)
    for (const which of ['waited', 'worked'] as const) {
      const [p50, p99] = [0.5, 0.99].map((share) => compare(pairs, which, share))
      print(`  ${which}: p50 ${p50}, p99 ${p99}`)
    }
  }
} finally {
  await server.stop()
}

/** Medians of the rounds, and the ratio of each. */
function compare(
  pairs: readonly (readonly [Waits, Waits])[],
  which: 'waited' | 'worked',
  share: number,
): string {
  const [alone, beside] = ([0, 1] as const).map((at) =>
    pairs.map((pair) => quantile(pair[at][which], share)),
  ) as [number[], number[]]
  const ratios = beside.map((one, round) => one / (alone[round] ?? Number.NaN))
  return `${median(alone).toFixed(2)} -> ${median(beside).toFixed(2)} ms (× ${ratios.map((ratio) => ratio.toFixed(1)).join(', ')})`
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`
}
