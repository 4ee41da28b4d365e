import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { decodeProtectedHeader, type JSONWebKeySet } from 'jose'
import { keysCommand } from '../../src/commands/keys.ts'
import { folderHome } from '../../src/keys/folder-home.ts'
import { cut } from '../../src/keys/ring.ts'
import { changeRing } from '../../src/keys/ring-home.ts'
import { createVault } from '../../src/keys/vault.ts'
import { createVerifier, followRevocations } from '../../src/resource-server/index.ts'
import { signCompact } from '../parts/issuer.ts'
import { type Latchkey, passwordGrant, secret, startLatchkey } from '../parts/latchkey.ts'
import { decodeJws, serverKey } from '../parts/server-key.ts'
import { tidied } from '../parts/tidy.ts'
import { until } from '../parts/until.ts'

/** `latchkey keys …` on the keys and the state of a server that runs. */
async function commandFor(server: Latchkey) {
  const config = join(server.folder, 'latchkey.yaml')
  await writeFile(
    config,
    `issuer: ${server.issuer}
development: true
keys: keys
state: sqlite:state.sqlite
apis: [{ audience: https://api.example }, { audience: https://rsa.example, algorithm: RS256 }]
`,
  )
  return async (...words: string[]) => {
    const lines: string[] = []
    const command = keysCommand((line) => lines.push(line))
    await command.parseAsync([...words, '--config', config], { from: 'user' })
    return lines.join('\n')
  }
}

const jwksOf = async ({ service }: Latchkey): Promise<JSONWebKeySet> =>
  JSON.parse(await (await fetch(`${service.url}/.well-known/jwks.json`)).text())

/** The feed, and the keys anew for each key that is not known: at most once a second. */
const following = ({ issuer }: Latchkey) => ({
  issuer,
  jwks: `${issuer}/.well-known/jwks.json`,
  jwksTiming: { cooldown: 1 },
  onStale: 'accept' as const,
})

describe('a key that is cut while everything runs', () => {
  const kept = tidied()

  it('ends its tokens at APIs that follow the feed, and here, and no login', async () => {
    const server = kept(await startLatchkey())
    const keys = await commandFor(server)
    const stolen = serverKey(server)
    // As an API has it that will not fetch for long: it knows of the cut by the feed alone.
    const old = await jwksOf(server)
    const feed = kept(followRevocations(following(server)))
    const verifier = createVerifier({
      issuer: server.issuer,
      audience: 'https://api.example',
      jwks: old,
      isRevoked: feed.isRevoked,
    })
    const judged = (token: string) =>
      verifier.verify(token).then(
        () => 'good',
        ({ name }: Error) => name,
      )

    const login = await server.login()
    const { header, claims } = decodeJws(login.access_token)
    const tomorrow = Math.floor(Date.now() / 1000) + 86_400
    const forged = signCompact(header, { ...claims, jti: 'forged', iat: tomorrow, nbf: 0 }, stolen)
    const { kid: _, ...nameless } = header
    const unnamed = signCompact(nameless, { ...claims, jti: 'forged' }, stolen)
    for (const token of [login.access_token, unnamed]) expect(await judged(token)).to.equal('good')

    const said = await keys('emergency', stolen.kid, '--yes')
    expect(said).to.match(/has signed about \d tokens for https:\/\/api\.example/)
    for (const token of [login.access_token, forged, unnamed])
      await until(
        () => judged(token),
        (outcome) => outcome === 'BearerError',
      )
    // Here it is refused as soon as the key is not published.
    await until(
      () => jwksOf(server),
      (set) => !set.keys.some(({ kid }) => kid === stolen.kid),
    )
    const profile = await fetch(`${server.service.url}/users/me`, {
      headers: { authorization: `Bearer ${login.access_token}` },
    })
    expect(profile.status).to.equal(401)
    const introspected = await server.post(
      '/introspect',
      { token: login.access_token },
      { basic: `resource-server:${secret}` },
    )
    expect(introspected.json).to.deep.equal({ active: false })

    const refreshed = await server.post('/token', {
      grant_type: 'refresh_token',
      refresh_token: login.refresh_token,
      client_id: 'web',
    })
    expect(refreshed.status).to.equal(200)
    expect(decodeProtectedHeader(refreshed.json.access_token).kid).not.to.equal(stolen.kid)
    // The follower goes on with the key that signs now.
    await until(
      () => feed.status(),
      ({ stale, failure }) => !stale && failure === undefined,
    )
    const audit = server.log
      .filter(({ log }) => log === 'audit')
      .map(({ event, kid }) => [event, kid])
    expect(audit).to.deep.include(['key.cut', stolen.kid])
  })

  it('signs no answer of the feed that is believed any more', async () => {
    const server = kept(await startLatchkey())
    const keys = await commandFor(server)
    const stolen = serverKey(server)
    let lies = false
    const nothing = () => {
      const iat = Math.floor(Date.now() / 1000)
      return signCompact(
        { alg: 'ES256', kid: stolen.kid, typ: 'revocations+jwt' },
        {
          iss: server.issuer,
          ...{ iat, exp: iat + 30, after: '', position: 'x.1', complete: true, retention: 60 },
          entries: [],
        },
        stolen,
      )
    }
    const feed = kept(
      followRevocations({
        ...following(server),
        fetch: (...words) => (lies ? Promise.resolve(new Response(nothing())) : fetch(...words)),
      }),
    )
    await until(
      () => feed.status(),
      ({ stale }) => !stale,
    )
    await keys('emergency', stolen.kid, '--yes')
    await until(
      async () => feed.isRevoked(someClaims, { kid: stolen.kid }),
      (revoked) => revoked,
    )
    lies = true
    await until(
      () => feed.status(),
      ({ failure }) => /its key was cut/.test(failure ?? ''),
    )
  })
})

const someClaims = {
  ...{ iss: '', sub: 's', aud: 'a', client_id: 'c', jti: 'j' },
  ...{ iat: Math.floor(Date.now() / 1000) + 60, exp: 0 },
}

describe('GET /readyz and /metrics of the keys', () => {
  const kept = tidied()

  it('tell of the keys by state, of their tokens, and of the time to the next step', async () => {
    const server = kept(
      await startLatchkey({ metrics: { host: '127.0.0.1', port: 0 }, development: true }),
    )
    const keys = await commandFor(server)
    await server.login()
    const metrics = async () => (await fetch(`${server.service.metricsUrl}/metrics`)).text()
    const { kid } = serverKey(server)
    const first = await metrics()
    expect(first).to.include('latchkey_keys{state="current",algorithm="ES256"} 1')
    expect(first).to.include(`latchkey_tokens_signed_total{kid="${kid}"} 1`)
    expect(first).to.match(/^latchkey_key_next_step_seconds 2\d{6}/m)
    await keys('stage', '--algorithm', 'ES256')
    await until(metrics, (text) => text.includes('latchkey_keys{state="next",algorithm="ES256"} 1'))
    expect((await fetch(`${server.service.url}/readyz`)).status).to.equal(200)
  })

  it('answer 503 while no key can sign, and so does the token endpoint', async () => {
    const server = kept(await startLatchkey())
    const { kid } = serverKey(server)
    const { publicJwk } = await createVault().create('ES256')
    await changeRing(folderHome(join(server.folder, 'keys')), (ring) => {
      if (!ring) throw new Error('there is no ring')
      const unopened = { material: { sealed: 'by nobody' }, publicJwk }
      return cut(ring, kid, unopened, { now: Date.now(), retention: 60 })
    })
    const status = async () => (await fetch(`${server.service.url}/readyz`)).status
    await until(status, (code) => code === 503)
    const answer = await server.post('/token', passwordGrant)
    expect(answer.status).to.equal(503)
    expect(answer.json.error).to.equal('temporarily_unavailable')
  })
})
