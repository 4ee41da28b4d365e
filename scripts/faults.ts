import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeViolation } from '../test/faults/checker.ts'
import { faults } from '../test/faults/faults.ts'
import { jsonLines } from '../test/faults/history.ts'
import { run } from '../test/faults/run.ts'
import { programs } from '../test/parts/redis.ts'

/**
 * npm run faults [-- --seed 42 --minutes 20 --fault NAME --topology NAME --server valkey]: every fault on every
 * topology it can happen on, one after the other; on those of Redis or Valkey alone where one is named.
 * Prints what to repeat; the seed fixes every choice, though not how the processes interleave.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    minutes: { type: 'string', default: '10' },
    fault: { type: 'string', default: '' },
    topology: { type: 'string', default: '' },
    server: { type: 'string', default: '' },
  },
})
const program = programs.find((name) => name.startsWith(values.server))
if (program === undefined)
  throw new Error(`--server ${values.server}: installed are ${programs.join(' and ') || 'none'}`)
const seed = Number(values.seed)
const cells = faults
  .filter(({ name }) => name.includes(values.fault))
  .flatMap((fault) => fault.on.map((topology) => ({ fault, topology })))
  .filter(({ topology }) => topology.includes(values.topology))
  .filter(({ topology }) => values.server === '' || topology !== 'sqlite')
/** A directory may be believed for five seconds. */
const settling = 6000
const seconds = (Number(values.minutes) * 60) / cells.length

const print = (...columns: readonly (string | number)[]) =>
  process.stdout.write(
    `${columns.map((each, i) => (i < 2 ? String(each).padEnd(i ? 10 : 46) : String(each).padStart(11))).join('')}\n`,
  )
process.stdout.write(`${program}, seed ${seed}, ${cells.length} cells of ${seconds.toFixed(1)} s\n`)
print('fault', 'topology', 'calls', 'unknown', 'strikes', 'recovery', 'violations')

let violated = 0
for (const { fault, topology } of cells) {
  const result = await run({ fault, topology, program, seed, seconds, settling })
  const { calls, unknown, strikes, recovery, violations } = result
  const columns = [calls.length, unknown, strikes, `${recovery.toFixed(0)} ms`, violations.length]
  print(fault.name, topology, ...columns)
  if (violations.length === 0) continue
  violated += violations.length
  const file = join(mkdtempSync(join(tmpdir(), 'latchkey-faults-')), 'history.jsonl')
  writeFileSync(file, jsonLines(calls))
  process.stdout.write(
    `${violations.slice(0, 5).map(describeViolation).join('')}  history: ${file}\n` +
      `  again: npm run faults -- --seed ${seed} --minutes ${(seconds / 60).toFixed(2)} --fault '${fault.name}' --topology ${topology}${topology === 'sqlite' ? '' : ` --server ${program}`}\n`,
  )
}
process.stdout.write(`${violated} violations\n`)
process.exitCode = violated === 0 ? 0 : 1
