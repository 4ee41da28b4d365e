import { expect } from 'chai'
import { hashSecret } from '../../src/clients/secrets.ts'
import { readChallenges } from '../parts/challenge.ts'
import { type Latchkey, startLatchkey } from '../parts/latchkey.ts'

const grant = 'grant_type=client_credentials'
const colons = 'one:two:three'
const grants = ['client_credentials']

describe('RFC 7617 section 2: the Basic scheme', () => {
  let server: Latchkey
  before(async () => {
    const clients = [{ id: 'colons', grants, secrets: [hashSecret(colons)] }]
    server = await startLatchkey({ clients })
  })
  after(() => server.stop())

  it('splits at the first colon [CLI-03]', async () => {
    for (const sent of [colons, encodeURIComponent(colons)]) {
      const answer = await server.post('/token', grant, { basic: `colons:${sent}` })
      expect(answer.status, sent).to.equal(200)
    }
    for (const pair of ['colons:one', 'colons:one:two', 'colons%3Aone:two:three']) {
      const answer = await server.post('/token', grant, { basic: pair })
      expect(answer.status, pair).to.equal(401)
    }
  })

  it('challenges with a realm, and no charset but UTF-8 [CLI-04 CLI-05]', async () => {
    const answer = await server.post('/token', grant, { basic: 'colons:wrong' })
    const [challenge] = readChallenges(answer.headers.get('www-authenticate'))
    expect(challenge?.scheme).to.equal('basic')
    expect(challenge?.parameters.realm).to.equal(server.issuer)
    expect(challenge?.parameters.charset ?? 'UTF-8').to.equal('UTF-8')
  })
})
