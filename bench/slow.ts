import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { hashSecret } from '../src/clients/secrets.ts'
import { freePort } from '../test/parts/port.ts'
import { temporaryFolder } from '../test/parts/temporary-folder.ts'
import { type Load, load, steadyLoad } from './load.ts'
import { memoryOf } from './process.ts'
import { attacks } from './slow/attacks.ts'
import { median } from './statistics.ts'
import { startProgram } from './subject.ts'

/**
 * npm run bench:slow [-- --seconds 12 --rate 100 --rounds 3 --only unread]: what a client that asks for tokens at
 * a fixed rate waits, alone and from the first moment of an attack on, in turns. One `latchkey serve`
 * bears all the attacks; its memory is the most that was seen from its start on.
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
const config = join(folder.path, 'latchkey.yaml')
await writeFile(
  config,
  JSON.stringify({
    issuer: url,
    listen: { port },
    apis: [{ audience: 'https://api.example', scopes: ['read'] }],
    clients: [{ id: 'app', secrets: [hashSecret('bench-secret')], grants: ['client_credentials'] }],
  }),
)
const server = await startProgram({
  command: join(import.meta.dirname, '../bin/latchkey'),
  args: ['serve', '--config', config],
  folder: folder.path,
  url,
})
let peak = 0
const watch = setInterval(() => {
  peak = Math.max(peak, memoryOf(server.pid))
}, 20)

const ask = () => steadyLoad(url, 50, seconds, rate, () => call)

async function attacked(name: string): Promise<Load> {
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
  print(`${rate} requests a second for ${seconds} s, ${rounds} times; memory ${mebibytes(peak)}`)
  for (const [name, { connections }] of Object.entries(attacks)) {
    if (!name.includes(values.only)) continue
    const pairs: [alone: Load, beside: Load][] = []
    for (let round = 0; round < rounds; round++) pairs.push([await ask(), await attacked(name)])
    const ratios = pairs.map(([alone, beside]) => beside.p99 / alone.p99)
    const of = (which: 'p50' | 'p99', at: 0 | 1) =>
      median(pairs.map((pair) => pair[at][which])).toFixed(1)
    const failures = pairs.reduce((sum, [, beside]) => sum + beside.failures, 0)
    print(
      `${name} × ${connections}: p50 ${of('p50', 0)} -> ${of('p50', 1)} ms, p99 ${of('p99', 0)} -> ${of('p99', 1)} ms, ` +
        `× ${median(ratios).toFixed(2)} (${ratios.map((ratio) => ratio.toFixed(1)).join(', ')}), ` +
        `${failures} failures, memory ${mebibytes(peak)}`,
    )
  }
} finally {
  clearInterval(watch)
  await server.stop()
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`
}
