import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { ladder, type Measured, minimum } from '../../src/commands/bench-hash/measure.ts'
import { recommend, describe as report } from '../../src/commands/bench-hash/report.ts'
import { Config } from '../../src/config/schema.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'
import { latchkey } from './command.ts'

describe('latchkey bench-hash', () => {
  it('never recommends less than the minimum of OWASP, whatever the rate', async () => {
    const { code, stdout } = await latchkey(['bench-hash', '--rate', '99999'])
    expect(code).to.equal(0)
    expect(stdout).to.match(/^ +19 MiB +2 +[\d.]+ +\d+ ms +recommended$/m)
    expect(stdout).to.contain('cannot do 99999 logins a second')
    expect(stdout).to.match(
      /\npasswords:\n {2}hash: \{ memory: 19456, iterations: 2, parallelism: 1 \}\n$/,
    )
  })

  it('measures what a configuration says too, with as many at once as it says', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'latchkey.yaml')
    await writeFile(
      file,
      `issuer: http://127.0.0.1:8000
apis: [{ audience: http://127.0.0.1:9000 }]
passwords: { running: 1, hash: { memory: 8192, iterations: 1 } }
`,
    )
    const words = ['bench-hash', '--rate', '99999', '--config', file, '--json']
    const { running, measured, configured, recommended, enough } = JSON.parse(
      (await latchkey(words)).stdout,
    )
    expect({ running, enough }).to.deep.equal({ running: 1, enough: false })
    expect(measured).to.have.lengthOf(1)
    expect(configured).to.include({ memory: 8192, iterations: 1 })
    // By processor time: the rate is the machine's, which has others to serve.
    expect(configured.processorTime).to.be.below(measured[0].processorTime)
    expect(recommended).to.deep.equal(measured[0])
  })

  it('refuses a rate that is none, and memory that is too little', async () => {
    for (const words of [
      ['--rate', '-1'],
      ['--rate', '20', '--memory', '1M'],
    ]) {
      const { code, stdout, stderr } = await latchkey(['bench-hash', ...words])
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' })
      expect(stderr).to.match(/--rate|--memory/)
    }
  })
})

describe('the recommendation of parameters', () => {
  const measured = [19, 32, 46, 64].map(
    (mebibytes): Measured => ({
      ...minimum,
      memory: mebibytes * 1024,
      perSecond: 1900 / mebibytes,
      processorTime: mebibytes,
    }),
  )

  it('is the strongest that does a tenth more than is wanted', () => {
    expect(recommend(measured, 37)).to.deep.equal({ recommended: measured[2], enough: true })
    expect(recommend(measured, 38)).to.deep.equal({ recommended: measured[1], enough: true })
    expect(recommend(measured, 91)).to.deep.equal({ recommended: measured[0], enough: false })
  })

  it('climbs by memory first and then by passes, and each is more work and one that can be configured', () => {
    const steps = ladder(65_536)
    expect(steps[0]).to.deep.equal(minimum)
    expect(Math.max(...steps.map(({ memory }) => memory))).to.equal(65_536)
    const work = steps.map(({ memory, iterations }) => memory * iterations)
    expect(work).to.deep.equal(work.toSorted((a, b) => a - b))
    for (const hash of ladder(262_144)) {
      const apis = [{ audience: 'http://127.0.0.1:9000' }]
      const written = { issuer: 'http://127.0.0.1:8000', apis, passwords: { hash } }
      expect(Config.parse(written).passwords.hash).to.deep.equal(hash)
    }
  })

  it('says so where something else had the processors', () => {
    const said = (perSecond: number) =>
      report({
        running: 2,
        rate: 10,
        measured: [{ ...minimum, perSecond, processorTime: 20 }],
        ...recommend(measured, 10),
      })
    expect(said(95)).not.to.contain('Something else')
    expect(said(40)).to.contain('might be 100 instead of 40')
  })
})
