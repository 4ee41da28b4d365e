import { expect } from 'chai'
import { changedOptions, fixedOptions } from '../../src/config/changes.ts'
import { Config } from '../../src/config/schema.ts'

const plain = {
  issuer: 'http://127.0.0.1:8000',
  users: [{ type: 'embedded', path: '/users.sqlite' }],
  apis: [{ audience: 'https://api.example' }, { audience: 'https://other.example' }],
  clients: [{ id: 'web', public: true, grants: ['password'] }],
}
const config = (others: object = {}) => Config.parse({ ...plain, ...others })
const tls = { cert: '/cert.pem', key: '/key.pem' }

describe('the difference between two configurations', () => {
  it('is named by the paths of the options, without values', () => {
    const next = config({
      apis: [plain.apis[0], { ...plain.apis[1], accessTokenLifetime: '9m', scopes: ['read'] }],
      clients: [...plain.clients, { id: 'other', public: true, grants: ['password'] }],
      passwords: { pepper: 'not to be seen' },
      proxy: { trusted: ['10.0.0.0/8'] },
    })
    expect(changedOptions(config(), next)).to.have.members([
      'apis[1].accessTokenLifetime',
      'apis[1].scopes',
      'clients',
      'passwords.pepper',
      'proxy',
    ])
    expect(changedOptions(next, next)).to.deep.equal([])
    expect(fixedOptions(config(), next)).to.deep.equal([])
  })

  it('says which options only a start takes up', () => {
    const next = config({
      listen: { port: 8001 },
      metrics: { port: 9464 },
      log: { level: 'debug', pretty: true },
      http: { keepAliveTimeout: 4000, connections: 50 },
      tls: { ...tls, clientCa: '/ca.pem' },
    })
    const fixed = ['listen.port', 'metrics', 'log.pretty', 'http.keepAliveTimeout']
    expect(fixedOptions(config(), next)).to.have.members([...fixed, 'tls', 'tls.clientCa'])
    expect(fixedOptions(config({ tls }), config({ tls: { ...tls, cert: '/new.pem' } }))).to.be.empty
  })
})
