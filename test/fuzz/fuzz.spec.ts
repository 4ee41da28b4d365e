import { expect } from 'chai'
import { startLatchkey } from '../parts/latchkey.ts'
import { fuzz } from './run.ts'

describe('any request to any endpoint', () => {
  it('gets an answer that the RFCs allow there [HTTP-21 TOK-18 ERR-03 ERR-04 HTTP-02 HTTP-03]', async function () {
    this.timeout(120_000)
    const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31)
    const result = await fuzz(startLatchkey, 10_000, seed)
    expect(result.requests).to.be.at.least(10_000)
    // The grammar must reach both sides of every check.
    expect(result.statuses).to.include.keys('200', '400', '401', '404', '405')
  })
})
