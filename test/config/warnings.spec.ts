import { expect } from 'chai'
import { Config } from '../../src/config/schema.ts'
import { warnings } from '../../src/config/warnings.ts'
import { startLatchkey } from '../parts/latchkey.ts'

const audience = (algorithm: string) => `https://${algorithm.toLowerCase()}.example`
const apis = (...algorithms: string[]) =>
  algorithms.map((algorithm) => ({ audience: audience(algorithm), scopes: ['read'], algorithm }))
const warned = (options: object) =>
  warnings(Config.parse({ issuer: 'https://auth.example', ...options }))

describe('warnings of a configuration', () => {
  it('are none for algorithms whose tokens fit everywhere', () => {
    expect(warned({ apis: apis('ES256', 'ES384', 'RS256', 'PS256', 'EdDSA') })).to.deep.equal([])
  })

  it('name the API or client whose tokens are long, and how long they are', async () => {
    const own = { id: 'web', public: true, grants: ['password'], algorithm: 'ML-DSA-65' }
    const [api, client, ...more] = warned({ apis: apis('ML-DSA-44'), clients: [own] })
    expect(more).to.deep.equal([])
    expect(api).to.match(/^https:\/\/ml-dsa-44\.example: tokens by ML-DSA-44/)
    expect(client).to.match(/^web: tokens by ML-DSA-65/)

    const server = await startLatchkey({ apis: apis('ML-DSA-44', 'ML-DSA-65') })
    for (const [warning, algorithm] of [
      [api, 'ML-DSA-44'],
      [client, 'ML-DSA-65'],
    ] as const) {
      const { access_token: token } = await server.login({ resource: audience(algorithm) })
      const said = Number(/field of (\d+) bytes/.exec(warning ?? '')?.[1])
      expect(`Authorization: Bearer ${token}\r\n`.length).to.be.within(said - 150, said + 150)
    }
    expect(
      server.log.filter(({ level, msg }) => level === 40 && /ML-DSA/.test(String(msg))),
    ).to.have.lengthOf(2)
    await server.stop()
  })
})
