import { expect } from 'chai'
import { type Answer, type Latchkey, passwordGrant, startLatchkey } from '../parts/latchkey.ts'

describe('RFC 6749 section 3.3: access token scope', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey()
  })
  after(() => server.stop())

  const ask = (scope: string) => server.post('/token', { ...passwordGrant, scope })
  const outcome = ({ status, json }: Answer) => `${status} ${json.error ?? 'issued'}`
  const granted = ({ json }: Answer) => {
    const [, payload = ''] = json.access_token.split('.')
    return JSON.parse(Buffer.from(payload, 'base64url').toString()).scope
  }

  const malformed = {
    quote: 're"ad',
    backslash: 're\\ad',
    tab: 'read\twrite',
    DEL: 'read\u007f',
    'non-ASCII': 'réad',
    'two spaces': 'read  write',
    'leading space': ' read',
    'trailing space': 'read ',
    'space alone': ' ',
    'no-break space': 'read\u00a0write',
  }
  for (const [what, scope] of Object.entries(malformed)) {
    it(`refuses what is not scope-tokens with single spaces between: ${what} [SCP-01]`, async () => {
      expect(outcome(await ask(scope))).to.equal('400 invalid_scope')
    })
  }

  it('takes scopes in any order, and names them in one [SCP-02]', async () => {
    const [one, other] = [await ask('read write'), await ask('write read')]
    expect(granted(one)).to.equal('read write')
    expect(granted(other)).to.equal('read write')
  })

  it('distinguishes case [SCP-03]', async () => {
    expect(outcome(await ask('Read'))).to.equal('400 invalid_scope')
    expect(outcome(await ask('READ write'))).to.equal('400 invalid_scope')
  })

  it('refuses a scope that is unknown, alone or among others [SCP-04]', async () => {
    for (const scope of ['nonsense', 'read nonsense', '*', 'read,write']) {
      expect(outcome(await ask(scope)), scope).to.equal('400 invalid_scope')
    }
  })

  it('refuses scopes that no one API has together [SCP-04]', async () => {
    expect(outcome(await ask('read peek'))).to.equal('400 invalid_scope')
  })

  it('drops openid and offline_access, which libraries add unasked, and says so [SCP-04]', async () => {
    const answer = await ask('openid read offline_access')
    expect(granted(answer)).to.equal('read')
    expect(answer.json.scope).to.equal('read')
  })

  it('refuses a scope that is not for the client [SCP-06]', async () => {
    expect(outcome(await ask('admin'))).to.equal('400 invalid_scope')
    expect(outcome(await ask('read admin'))).to.equal('400 invalid_scope')
  })

  it('adds nothing for repeats [SCP-07]', async () => {
    const answer = await ask('read read write read')
    expect(granted(answer)).to.equal('read write')
  })

  it('refuses 40 kB of scope, and less of it where it asks for nothing [SCP-08]', async () => {
    expect(outcome(await ask('x'.repeat(40_000)))).to.equal('413 invalid_request')
    expect(outcome(await ask('x'.repeat(16_000)))).to.equal('400 invalid_scope')
    expect(outcome(await ask('a '.repeat(8000).trim()))).to.equal('400 invalid_scope')
    const repeated = await ask('read '.repeat(3000).trim())
    expect(granted(repeated)).to.equal('read')
  })
})
