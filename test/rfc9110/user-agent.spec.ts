import { expect } from 'chai'
import { browserOf } from '../../src/oauth/user-agent.ts'

const engine = 'AppleWebKit/537.36 (KHTML, like Gecko)'
const devices: Readonly<Record<string, string>> = {
  [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${engine} Chrome/126.0.0.0 Safari/537.36`]:
    '(Windows NT 10.0; Win64; x64) Chrome/126.0.0.0 Safari/537.36',
  [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${engine} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0`]:
    '(Windows NT 10.0; Win64; x64) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0',
  'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0':
    '(X11; Linux x86_64; rv:127.0) Firefox/127.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1':
    '(iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 Safari/604.1',
  'curl/8.5.0': 'curl/8.5.0',
  'okhttp/4.12.0': 'okhttp/4.12.0',
}

describe('RFC 9110 section 10.1.5: the User-Agent of a login', () => {
  it('is kept as far as it tells devices apart', () => {
    for (const [field, kept] of Object.entries(devices)) expect(browserOf(field)).to.equal(kept)
    expect(new Set(Object.keys(devices).map(browserOf)).size).to.equal(6)
  })

  it('is bounded, and nothing where it says nothing', () => {
    expect(browserOf('x'.repeat(5000))).to.have.lengthOf(100)
    for (const field of ['', ' ', 'Mozilla/5.0', `Mozilla/5.0 ${engine}`]) {
      expect(browserOf(field), field).to.equal(undefined)
    }
  })
})
