import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openState, type StateOptions } from '../src/state/index.ts'
import { startRedis } from '../test/parts/redis.ts'
import { temporaryFolder } from '../test/parts/temporary-folder.ts'
import type { Contest, Outcomes } from '../test/state/contender.ts'
import { login } from '../test/state/login.ts'

/**
 * npm run races [-- --races 1000000 --store redis]: two processes present the same refresh generation of the
 * same families at the same time. Of each race exactly one may rotate; the other gets the same successor.
 */
const { values } = parseArgs({
  options: {
    races: { type: 'string', default: '100000' },
    store: { type: 'string', default: 'sqlite' },
  },
})
const perRound = 1000
const rounds = Math.ceil(Number(values.races) / perRound)

async function race(options: StateOptions): Promise<void> {
  const state = await openState(options)
  const families = Array.from({ length: perRound }, () => login())
  for (const family of families) await state.openFamily(family)
  await state.close()

  const contest: Contest = { options, families: families.map(({ id }) => id) }
  const file = join(import.meta.dirname, '../test/state/contender.ts')
  const children = [fork(file), fork(file)]
  for (const child of children) child.send(contest)
  await Promise.all(children.map(answer))

  const start = performance.now()
  const counts: Record<string, number> = {}
  for (let presented = 1; presented <= rounds; presented += 1) {
    for (const child of children) child.send({ presented })
    const [one = [], other = []] = (await Promise.all(children.map(answer))) as Outcomes[]
    const right = [`rotated ${presented + 1}`, `retried ${presented + 1}`]
    for (const index of families.keys()) {
      const pair = [one[index], other[index]]
      const fair = right.every((outcome) => pair.includes(outcome))
      const key = fair ? 'one winner' : pair.toSorted().join(' and ').replaceAll(/ \d+/g, '')
      counts[key] = (counts[key] ?? 0) + 1
    }
  }
  for (const child of children) child.send('end')
  const seconds = ((performance.now() - start) / 1000).toFixed(0)
  process.stdout.write(
    `${values.store}: ${rounds * perRound} races of two processes in ${seconds} s: ${JSON.stringify(counts)}\n`,
  )
  if (Object.keys(counts).some((key) => key !== 'one winner')) process.exitCode = 1
}

async function answer(child: ChildProcess): Promise<unknown> {
  const over = new AbortController()
  const { signal } = over
  const ended = once(child, 'exit', { signal }).then(
    ([code]) => Promise.reject(new Error(`a contender ended with ${code}`)),
    () => [],
  )
  const [message] = await Promise.race([once(child, 'message', { signal }), ended])
  over.abort()
  return message
}

if (values.store === 'redis') {
  const redis = await startRedis()
  await race({ url: redis.url }).finally(() => redis.stop())
} else {
  await using folder = await temporaryFolder()
  await race({ url: `sqlite:${join(folder.path, 'state.sqlite')}` })
}
