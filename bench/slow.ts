import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { temporaryFolder } from '../test/parts/temporary-folder.ts'
import { owasp } from './contestants.ts'
import { startLatchkey } from './latchkey.ts'
import { independent, type Load, type NextCall, steadyLoad } from './load.ts'
import { mebibytes } from './process.ts'
import { clientCredentials, connections, password, refresh } from './scenarios.ts'
import { attacks } from './slow/attacks.ts'
import { median } from './statistics.ts'

/**
 * npm run bench:slow [-- --seconds 12 --rounds 3 --logins 10 --refreshes 40 --tokens 50 --only unread]: what the clients of a
 * server at ordinary work wait, alone and from the first moment of an attack on, in turns: so many password logins
 * (with OWASP's parameters), refreshes and client_credentials a second, at random times, from 48 networks. The attackers
 * have 16 others. They have the last processor alone, and come after whatever else runs there: they would have machines
 * of their own. One `latchkey serve` bears all the attacks; its memory is the most seen since its start.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '12' },
    rounds: { type: 'string', default: '3' },
    logins: { type: 'string', default: '10' },
    refreshes: { type: 'string', default: '40' },
    tokens: { type: 'string', default: '50' },
    only: { type: 'string', default: '' },
  },
})
const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)]
const works = [
  { scenario: password, name: 'password', rate: Number(values.logins) },
  { scenario: refresh, name: 'refresh_token', rate: Number(values.refreshes) },
  { scenario: clientCredentials, name: 'client_credentials', rate: Number(values.tokens) },
].filter(({ rate }) => rate > 0)
const print = (line: string) => process.stdout.write(`${line}\n`)

await using folder = await temporaryFolder()
const state = `sqlite:${join(folder.path, 'state.sqlite')}`
const server = await startLatchkey({ folder: folder.path, state, cost: owasp })
const { url } = server

/** What each kind of work waits, in their order. */
async function work(calls: readonly NextCall[]): Promise<readonly Load[]> {
  return Promise.all(
    works.map(({ rate }, index) => {
      const next = calls[index]
      if (next === undefined) throw new Error('no calls')
      return steadyLoad(url, connections, seconds, rate, next, {
        spacing: independent,
        homeOf: (caller) => `127.${100 + index}.${caller}.1`,
      })
    }),
  )
}

/** Logins to refresh are made before an attack begins. */
const prepare = () => Promise.all(works.map(({ scenario }) => scenario.prepare(server)))

async function attacked(name: string): Promise<readonly Load[]> {
  const calls = await prepare()
  const attacker = fork(join(import.meta.dirname, 'slow/attacks.ts'), [name, new URL(url).port], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await once(attacker, 'message')
  try {
    attacker.send('begin')
    return await work(calls)
  } finally {
    attacker.kill('SIGKILL')
    await once(attacker, 'exit')
    // What it left behind is not what the next pair is about.
    await pause(3000)
  }
}

try {
  // Code is compiled by then, and memory is what it is under load.
  await work(await prepare())
  const rates = works.map(({ name, rate }) => `${rate} ${name}`).join(', ')
  print(`a second ${rates}, for ${seconds} s, ${rounds} times; memory ${mebibytes(server.peak())}`)
  for (const [name, { connections: many }] of Object.entries(attacks)) {
    if (!name.includes(values.only)) continue
    const pairs: (readonly [alone: readonly Load[], beside: readonly Load[]])[] = []
    for (let round = 0; round < rounds; round++) {
      pairs.push([await work(await prepare()), await attacked(name)])
    }
    const failures = pairs
      .flatMap(([, beside]) => beside)
      .reduce((sum, one) => sum + one.failures, 0)
    print(`${name} × ${many}: ${failures} failures, memory ${mebibytes(server.peak())}`)
    for (const [index, kind] of works.entries()) {
      const [p50, p99] = (['p50', 'p99'] as const).map((which) => compare(pairs, index, which))
      print(`  ${kind.name.padEnd(18)}  p50 ${p50}, p99 ${p99}`)
    }
  }
} finally {
  await server.stop()
}

/** Medians of the rounds, and the ratio of each. */
function compare(
  pairs: readonly (readonly [readonly Load[], readonly Load[]])[],
  index: number,
  which: 'p50' | 'p99',
): string {
  const [alone, beside] = ([0, 1] as const).map((at) =>
    pairs.map((pair) => pair[at][index]?.[which] ?? Number.NaN),
  ) as [number[], number[]]
  const ratios = beside.map((one, round) => one / (alone[round] ?? Number.NaN))
  return `${median(alone).toFixed(2)} -> ${median(beside).toFixed(2)} ms (× ${ratios.map((ratio) => ratio.toFixed(1)).join(', ')})`
}
