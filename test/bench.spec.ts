import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { chart } from '../bench/chart.ts'
import { growth } from '../bench/growth/costs.ts'
import { withSummary } from '../bench/readme.ts'
import type { Result } from '../bench/result.ts'

const root = join(import.meta.dirname, '..')
const [figures, drawing] = ['docs/bench.json', 'docs/bench.svg'].map((file) => join(root, file))
const text = (file = '') => (existsSync(file) ? readFileSync(file, 'utf8') : undefined)

const result = (): Result | undefined => {
  const found = text(figures)
  return found && JSON.parse(found)
}

describe('the figures of npm run bench', () => {
  it('are in the README as docs/bench.json has them, and no others', () => {
    const readme = text(join(root, 'README.md')) ?? ''
    expect(withSummary(readme, result())).to.equal(readme)
  })

  it('are in the chart as docs/bench.json has them', () => {
    const found = result()
    expect(found && chart(found)).to.equal(text(drawing))
  })

  it('fill what the README says, and a chart, from any result', () => {
    const one = { median: 12.3, min: 10, max: 20 }
    const server = { cpu: one, rate: one, ratio: one }
    const sample: Result = {
      date: '2026-01-31',
      commit: 'abcdef0',
      machine: { processor: 'any', processors: 2, memory: 8, node: '24.0.0', load: 1 },
      rounds: 3,
      seconds: 1,
      endpoints: { JWKS: { 'Latchkey, Redis': server, 'oidc-provider, Redis': server } },
      passwords: {},
      starts: {},
    }
    const readme = 'a\n<!-- bench -->\nold\n<!-- /bench -->\nb'
    expect(withSummary(readme, sample))
      .to.contain('| JWKS | 12 µs | 12 µs |')
      .and.not.contain('old')
    expect(chart(sample)).to.match(/^<svg .*<\/svg>\n$/s)
    expect(chart(sample).match(/<rect /g)).to.have.lengthOf(2)
    const glewlwyd = { JWKS: { ...sample.endpoints.JWKS, 'glewlwyd, SQLite': server } }
    expect(withSummary(readme, { ...sample, endpoints: glewlwyd }))
      .to.contain('Redis | glewlwyd, SQLite |')
      .and.contain('| JWKS | 12 µs | 12 µs | 12 µs |')
    expect(() => withSummary('no marks', sample)).to.throw('<!-- bench -->')
  })
})

describe('what grows with what, by npm run bench:growth', () => {
  const of = (...costs: number[]) =>
    growth(costs.map((each, at) => [[1000, 100_000, 1_000_000][at] ?? 0, each] as const))

  it('is constant, logarithmic or linear, also beside what does not grow', () => {
    expect(of(0.4, 0.6, 0.5)).to.equal('constant')
    expect(of(1, 1.7, 2.1)).to.equal('logarithmic')
    expect(of(0.4, 23, 230)).to.equal('linear')
    expect(of(1.001, 1.1, 4.5)).to.equal('linear')
    expect(of(1)).to.equal('one size says nothing')
  })
})
