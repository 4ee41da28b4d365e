import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { startRedis } from '../test/parts/redis.ts'
import { temporaryFolder } from '../test/parts/temporary-folder.ts'
import { chart } from './chart.ts'
import { endpoints } from './endpoints.ts'
import { passwords } from './passwords.ts'
import { withSummary } from './readme.ts'
import { circumstances, type Result } from './result.ts'
import { starts } from './start.ts'
import { table } from './table.ts'

/**
 * npm run bench [-- --rounds 5 --seconds 3 --only endpoints,passwords,starts --endpoint JWKS --tree ../other --write]:
 * the scoreboard. CPU time, rate and latency of every endpoint beside the bare engine, other servers, and
 * the least that Node could do; logins beside the FastAPI tutorial and argon2 alone; the time to start.
 * `--endpoint`, once or more, names those that are measured; `--tree` measures the Latchkey of another
 * checkout; `--write` keeps the result in docs/bench.json and what is drawn and said of it, where what was
 * not measured anew stays as it was.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    only: { type: 'string', default: 'endpoints,passwords,starts' },
    endpoint: { type: 'string', multiple: true },
    tree: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})
const root = join(import.meta.dirname, '..')
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)]
const sections = values.only.split(',')
const tell = (line: string) => process.stderr.write(`${line} …\n`)

installReferences()
await using folder = await temporaryFolder()
const redis = await startRedis()
const around = {
  folder: folder.path,
  redis,
  ...(values.tree !== undefined && { tree: resolve(values.tree) }),
}
const file = join(root, 'docs', 'bench.json')
const each = { rounds, seconds }
const named = values.endpoint
const measured: Partial<Result> = {
  ...each,
  ...(sections.includes('endpoints') && { endpoints: await endpoints(around, each, tell, named) }),
  ...(sections.includes('passwords') && { passwords: await passwords(around, each, tell) }),
  ...(sections.includes('starts') && { starts: await starts(around, rounds, tell) }),
}
await redis.stop()
process.stdout.write(`${table(measured)}\n`)
if (values.write) write(measured)

/** What nothing else here needs is not among the dependencies of the house. */
function installReferences(): void {
  const references = join(import.meta.dirname, 'references')
  if (existsSync(join(references, 'node_modules'))) return
  tell('installing what is compared with')
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: references })
}

function write(found: Partial<Result>): void {
  const before: Partial<Result> = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
  const result: Result = {
    ...each,
    passwords: {},
    starts: {},
    ...before,
    ...circumstances(),
    ...found,
    endpoints: { ...(named && before.endpoints), ...(found.endpoints ?? before.endpoints) },
  }
  const readme = join(root, 'README.md')
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`)
  writeFileSync(join(root, 'docs', 'bench.svg'), chart(result))
  writeFileSync(readme, withSummary(readFileSync(readme, 'utf8'), result))
}
