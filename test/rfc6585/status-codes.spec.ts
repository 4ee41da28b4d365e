import { expect } from 'chai'
import { type Latchkey, passwordGrant, startLatchkey } from '../parts/latchkey.ts'
import { exchange, formRequest } from '../parts/raw-socket.ts'

const login = 'grant_type=password&username=johndoe&password=secret&client_id=web'

describe('RFC 6585: additional status codes', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey({
      throttle: { account: { free: 3 }, known: { free: 3 }, secret: { limit: 3 } },
    })
  })
  after(() => server.stop())

  it('section 5: answers 64 KiB of header 431, and lives on [HTTP-16]', async () => {
    const headers = [`Authorization: Basic ${'A'.repeat(65_536)}`]
    const answer = await exchange(server.service.url, formRequest('/token', login, headers))
    expect(answer.status).to.equal(431)
    const many = Array.from({ length: 4000 }, (_, index) => `X-${index}: ${index}`)
    const second = await exchange(server.service.url, formRequest('/token', login, many))
    expect(second.status).to.equal(431)
    expect((await server.post('/token', login)).status).to.equal(200)
  })

  it('section 4: answers too many guesses 429, with Retry-After [HTTP-18]', async () => {
    const guesses = {
      password: () => server.post('/token', { ...passwordGrant, password: 'wrong' }),
      secret: () => server.post('/token', 'x=y', { basic: 'app:wrong' }),
    }
    for (const [what, guess] of Object.entries(guesses)) {
      const statuses = []
      for (let count = 0; count < 3; count++) statuses.push((await guess()).status)
      expect(statuses, what).not.to.include(429)
      const answer = await guess()
      expect(answer.status, what).to.equal(429)
      expect(answer.headers.get('retry-after'), what).to.match(/^[1-9]\d*$/)
      expect(answer.json.error).to.equal('temporarily_unavailable')
      expect(answer.headers.get('cache-control')).to.equal('no-store')
    }
  })
})
