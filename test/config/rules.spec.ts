import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { expect } from 'chai'
import { hashChosenSecret, hashSecret } from '../../src/clients/secrets.ts'
import { faults, valid, withClient, withLines } from './scene.ts'

const hashed = hashSecret('0123456789')
const publicJwk = ({ publicKey }: { publicKey: KeyObject }) =>
  JSON.stringify(publicKey.export({ format: 'jwk' }))
const jwk = publicJwk(generateKeyPairSync('ec', { namedCurve: 'P-256' }))
const withIssuer = (issuer: string, rest = '') =>
  valid.replace('https://auth.example', issuer) + rest
const byKey = (keys: string) =>
  withClient(`{ id: a, authentication: private_key_jwt, jwks: { keys: [${keys}] } }`)

/** Name of the rule -> what keeps it, and what breaks it with the place of the fault. */
const rules: Record<string, { good: string[]; bad: [text: string, fault: RegExp][] }> = {
  'an issuer is https, or http on loopback (RFC 8414 section 2)': {
    good: [
      'http://127.0.0.1:8000',
      'http://localhost',
      'http://[::1]:1',
      'https://a.example/b',
    ].map((issuer) => withIssuer(issuer)),
    bad: [
      [withIssuer('http://auth.example'), /^2:1 issuer: write https/],
      [withIssuer('http://127.0.0.1.evil.example'), /^2:1 issuer: write https/],
      [withIssuer('https://auth.example/'), /^2:1 issuer: .*trailing slash/],
      [withIssuer('https://auth.example?a=b'), /^2:1 issuer: /],
      [withIssuer('https://user@auth.example'), /^2:1 issuer: /],
    ],
  },
  'development stays on loopback (design D13)': {
    good: [withIssuer('http://127.0.0.1:8000', 'development: true\n')],
    bad: [
      [withLines('development: true'), /^10:1 development: leave it out/],
      [
        withIssuer(
          'http://127.0.0.1:8000',
          'development: true\nlisten: { host: 192.0.2.1 }\nproxy: { trusted: [192.0.2.0/24] }\n',
        ),
        /^11:11 listen\.host: write 127\.0\.0\.1/,
      ],
    ],
  },
  'plain HTTP does not leave the machine': {
    good: [
      withLines('listen: { host: 0.0.0.0 }', 'proxy: { trusted: [10.0.0.0/8] }'),
      withLines('listen: { host: "::1" }'),
      withLines('listen: { socket: a.sock }'),
    ],
    bad: [
      [
        withLines('listen: { host: 0.0.0.0 }'),
        /^10:11 listen\.host: passwords would cross the network in the clear/,
      ],
      [withLines('listen: { host: "::" }'), /^10:11 listen\.host: passwords/],
    ],
  },
  'a proxy is named': {
    good: [withLines('proxy: { trusted: [10.0.0.1/32, fd00::/8] }')],
    bad: [
      [
        withLines('proxy: { trusted: [0.0.0.0/0] }'),
        /^10:20 proxy\.trusted\[0\]: trusting every address/,
      ],
      [withLines('proxy: { trusted: [proxy] }'), /^10:20 proxy\.trusted\[0\]: a CIDR range/],
    ],
  },
  'tokens for GET /users/me are JWTs': {
    good: [valid.replace('scopes:', 'profile: true\n    scopes:')],
    bad: [
      [
        valid.replace('scopes:', 'profile: true\n    format: opaque\n    scopes:'),
        /^6:5 apis\[0\]\.format: write `jwt`/,
      ],
    ],
  },
  'tokens with a status are JWTs': {
    good: [valid.replace('scopes:', 'statusList: true\n    scopes:')],
    bad: [
      [
        valid.replace('scopes:', 'statusList: true\n    format: opaque\n    scopes:'),
        /^5:5 apis\[0\]\.statusList: leave it out/,
      ],
    ],
  },
  'names are unique': {
    good: [],
    bad: [
      [`${valid}  - id: app\n    public: true\n`, /^10:5 clients\[1\]\.id: another client/],
      [
        withLines('users:', '  - type: embedded', '  - { type: embedded, subjectPrefix: "b:" }'),
        /^12:5 users\[1\]\.name: another directory/,
      ],
      [
        valid.replace('clients:', '  - audience: https://api.example\nclients:'),
        /^6:5 apis\[1\]\.audience: this audience stands above/,
      ],
    ],
  },
  'the default client is a public one': {
    good: [withLines('defaultClient: app')],
    bad: [
      [withLines('defaultClient: apq'), /^10:1 defaultClient: no client has this id/],
      [
        withClient(`{ id: a, secrets: [${hashed}] }`, 'defaultClient: a\n'),
        /^7:5 clients\[0\]\.public: write `public: true`/,
      ],
    ],
  },
  'a store has only its own options': {
    good: [
      withLines(
        'state: { url: "rediss://r.example", sentinel: { name: m, hosts: ["s:1"] }, replicas: 1 }',
      ),
    ],
    bad: [
      [
        withLines('state: { url: "sqlite:a", cluster: ["a:1"] }'),
        /^10:27 state\.cluster: leave it out/,
      ],
      [
        withLines(
          'state: { url: "redis://a", cluster: ["a:1"], sentinel: { name: m, hosts: ["s:1"] } }',
        ),
        /^10:28 state\.cluster: write `sentinel` or `cluster`/,
      ],
      [withLines('state: memory'), /^10:1 state: write sqlite:PATH/],
      [withLines('state: redis://a:b/c@d:1'), /^10:1 state: .*percent-encoded/],
    ],
  },
  'a secret stands in the file only as a hash': {
    good: [withClient(`{ id: a, secrets: [${hashed}, "${await hashChosenSecret('a+/=%:&')}"] }`)],
    bad: [
      [
        withClient('{ id: a, secrets: [hunter2] }'),
        /^7:24 clients\[0\]\.secrets\[0\]: .*latchkey hash --client-secret/,
      ],
      [
        withClient(`{ id: a, secrets: [${hashed.slice(0, -1)}] }`),
        /^7:24 clients\[0\]\.secrets\[0\]: this hash is incomplete/,
      ],
    ],
  },
  'a public client authenticates with nothing (RFC 6749 section 2.1)': {
    good: [],
    bad: [
      [
        withClient(`{ id: a, public: true, secrets: [${hashed}] }`),
        /^7:28 clients\[0\]\.secrets: a public client has none/,
      ],
      [
        withClient('{ id: a, public: true, authentication: private_key_jwt }'),
        /authentication: a public client has none/,
      ],
      [
        withClient('{ id: a, public: true, grants: [client_credentials] }'),
        /grants\[0\]: only a confidential client .*section 4\.4/,
      ],
      [
        withClient('{ id: a, public: true, introspectAll: true }'),
        /introspectAll: a public client may not introspect/,
      ],
      [
        withClient(`{ id: a, public: true, jwks: { keys: [${jwk}] } }`),
        /jwks: a public client has none/,
      ],
      [
        withClient('{ id: a, public: true, certificate: { sanDns: a } }'),
        /certificate: a public client has none/,
      ],
    ],
  },
  'a confidential client has what its authentication needs': {
    good: [
      byKey(jwk),
      withClient(
        '{ id: a, authentication: tls_client_auth, certificate: { sanDns: a.example } }',
        'proxy: { trusted: [10.0.0.0/8], clientCertificateHeader: Client-Cert }\n',
      ),
    ],
    bad: [
      [withClient('{ id: a }'), /^7:5 clients\[0\]\.secrets: a confidential client needs one/],
      [
        withClient('{ id: a, authentication: private_key_jwt }'),
        /^7:5 clients\[0\]\.jwks: private_key_jwt needs/,
      ],
      [byKey('{ kty: EC, crv: P-256, x: a, y: b }'), /jwks\.keys\[0\]: not a public key/],
      [byKey('{ kty: oct, k: aaaa }'), /jwks\.keys\[0\]: this key is secret/],
      [
        byKey(jwk).replace('authentication', `secrets: [${hashed}], authentication`),
        /secrets: private_key_jwt uses no secret/,
      ],
      [
        byKey(jwk).replace('authentication: private_key_jwt', `secrets: [${hashed}]`),
        /jwks: secret uses no keys/,
      ],
      [
        withClient(`{ id: a, secrets: [${hashed}], certificate: { sanDns: a } }`),
        /certificate: this is for tls_client_auth/,
      ],
      [
        withClient(
          '{ id: a, authentication: tls_client_auth, certificate: { sanDns: a, sanIp: b } }',
          'proxy: { trusted: [10.0.0.0/8], clientCertificateHeader: Client-Cert }\n',
        ),
        /certificate: write exactly one of/,
      ],
      [
        withClient('{ id: a, authentication: tls_client_auth, certificate: { sanDns: a } }'),
        /authentication: no client certificate arrives here/,
      ],
      [
        withClient('{ id: a, public: true, certificateBound: true }').replace(
          'public: true',
          `secrets: [${hashed}]`,
        ),
        /certificateBound: no client certificate/,
      ],
      [
        `${byKey(jwk).replace('private_key_jwt', 'self_signed_tls_client_auth')}proxy: { trusted: [10.0.0.0/8], clientCertificateHeader: Client-Cert }\n`,
        /write the certificate of the key as its `x5c`/,
      ],
    ],
  },
  'keys of a client are public and strong enough': {
    good: [
      byKey(publicJwk(generateKeyPairSync('ed25519'))),
      byKey(publicJwk(generateKeyPairSync('rsa', { modulusLength: 2048 }))),
    ],
    bad: [
      [
        byKey(publicJwk(generateKeyPairSync('rsa', { modulusLength: 1024 }))),
        /jwks\.keys\[0\]: an RSA key has 2048 bits/,
      ],
      [
        byKey(publicJwk(generateKeyPairSync('ec', { namedCurve: 'P-384' }))),
        /jwks\.keys\[0\]: no algorithm for assertions/,
      ],
    ],
  },
  'tokens are bound to one thing': {
    good: [withClient('{ id: a, public: true, dpopBound: true }')],
    bad: [
      [
        withClient(
          '{ id: a, public: true, dpopBound: true, certificateBound: true }',
          'proxy: { trusted: [10.0.0.0/8], clientCertificateHeader: Client-Cert }\n',
        ),
        /dpopBound: its tokens are bound to a certificate/,
      ],
    ],
  },
  'grants fit each other': {
    good: [withClient('{ id: a, public: true, grants: [password] }')],
    bad: [
      [
        withClient('{ id: a, public: true, grants: [refresh_token] }'),
        /^7:37 clients\[0\]\.grants\[0\]: no grant of this client gives/,
      ],
      [
        withClient('{ id: a, public: true, refresh: { idle: 2d, absolute: 1d } }'),
        /refresh\.idle: write no more than/,
      ],
      [
        withClient('{ id: a, public: true, refresh: { grace: 61s } }'),
        /refresh\.grace: at most 60 seconds/,
      ],
    ],
  },
  "a client's APIs and scopes exist": {
    good: [
      withClient(
        '{ id: a, public: true, apis: [https://api.example], scopes: [read, write], defaultScopes: [read] }',
      ),
    ],
    bad: [
      [
        withClient('{ id: a, public: true, apis: [https://api.example/] }'),
        /^7:35 clients\[0\]\.apis\[0\]: no API has this audience/,
      ],
      [
        withClient('{ id: a, public: true, scopes: [read, rite] }'),
        /scopes\[1\]: none of the client's APIs knows/,
      ],
      [
        withClient('{ id: a, public: true, scopes: [read], defaultScopes: [write] }'),
        /defaultScopes\[0\]: the client may not ask/,
      ],
    ],
  },
}

for (const [rule, { good, bad }] of Object.entries(rules))
  describe(`the rule that ${rule}`, () => {
    for (const [index, text] of good.entries())
      it(`is kept, ${index + 1}`, async () => {
        expect(await faults(text)).to.deep.equal([])
      })
    for (const [text, fault] of bad)
      it(`has the fault ${fault.source}`, async () => {
        const [first, ...more] = await faults(text)
        expect(first).to.match(fault)
        expect(more).to.deep.equal([])
      })
  })

describe('the rules', () => {
  it('are silent about what hangs on a broken part, and speak about all the rest', async () => {
    const text = `issuer: https://auth.example
apis: [{ audience: https://api.example, scopes: ["a b"] }]
clients:
  - { id: a, public: true, scopes: [c], grants: [refresh_token] }
  - { id: a, grants: 3 }
`
    expect((await faults(text)).map((line) => line.split(': ')[0])).to.deep.equal([
      '2:50 apis[0].scopes[0]',
      '4:50 clients[0].grants[0]',
      '5:7 clients[1].id',
      '5:14 clients[1].grants',
    ])
  })
})
