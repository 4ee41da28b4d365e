import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Writes test/README.md: which spec proves which row of the checklist. Specs name rows at the end of
 * their titles, as in `it('rotates [REF-09 REF-12]', …)`. With --check it writes nothing, and fails when
 * the page is out of date or a T1 row that applies has no spec.
 */
interface Row {
  readonly id: string
  readonly source: string
  readonly tier: string
}
interface Checklist {
  readonly rows: readonly Row[]
  /** By row, or by the letters of a group. */
  readonly notApplicable: Readonly<Record<string, string>>
}

const root = join(import.meta.dirname, '..')
const page = join(root, 'test/README.md')
const checklist: Checklist = JSON.parse(readFileSync(join(root, 'test/checklist.json'), 'utf8'))

const specs = new Map<string, Set<string>>()
for (const file of globSync('test/**/*.spec.ts', { cwd: root }).sort()) {
  const text = readFileSync(join(root, file), 'utf8')
  for (const [, ids = ''] of text.matchAll(/\[((?:[A-Z]{3,4}-\d\d[ ,]*)+)\]/g)) {
    for (const id of ids.split(/[ ,]+/)) {
      specs.set(id, (specs.get(id) ?? new Set()).add(file.replace(/^test\//, '')))
    }
  }
}

const reason = ({ id }: Row) =>
  checklist.notApplicable[id] ?? checklist.notApplicable[id.slice(0, -3)]
const proofs = (row: Row) => [...(specs.get(row.id) ?? [])]
const applies = checklist.rows.filter((row) => proofs(row).length > 0 || reason(row) === undefined)
const missing = applies.filter((row) => proofs(row).length === 0)
const counts = ['T1', 'T2', 'T3'].map((tier) => {
  const of = applies.filter((row) => row.tier === tier)
  return `${tier}: ${of.filter((row) => proofs(row).length > 0).length} of ${of.length}`
})

const lines = [
  '# Tests',
  '',
  '`npm test` runs everything against real parts: a real Redis, PostgreSQL, MariaDB, slapd, Chromium and',
  'FastAPI, started by the specs on free ports. Specs speak HTTP and are named by RFC section; `parts/` starts',
  'what they need; `state/conformance.ts` is one suite that every store passes.',
  '',
  'Made by `npm run docs` from the titles of the specs, which name the rows of `checklist.json` that they prove.',
  `Rows that apply and have a spec: ${counts.join(', ')}.`,
  '',
  '| row | source | tier | spec |',
  '|---|---|---|---|',
  ...checklist.rows.map((row) => {
    const found = proofs(row)
    const text =
      found.length > 0 ? found.join(', ') : reason(row) ? `does not apply: ${reason(row)}` : '—'
    return `| ${row.id} | ${row.source} | ${row.tier} | ${text} |`
  }),
  '',
]
const text = lines.join('\n')

if (process.argv.includes('--check')) {
  const faults = missing.filter(({ tier }) => tier === 'T1').map(({ id }) => `${id} has no spec`)
  if (readFileSync(page, 'utf8') !== text)
    faults.push('test/README.md is out of date: npm run docs')
  for (const fault of faults) process.stderr.write(`${fault}\n`)
  process.exitCode = faults.length > 0 ? 1 : 0
} else {
  writeFileSync(page, text)
  process.stdout.write(`${counts.join(', ')}; missing: ${missing.map(({ id }) => id).join(' ')}\n`)
}
