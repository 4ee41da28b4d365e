import fc from 'fast-check'
import { secret } from '../parts/latchkey.ts'

/** A request as it goes over the wire. */
export interface FuzzRequest {
  readonly method: string
  readonly target: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

/** Values that the server itself gave out, so that requests get past its first checks. */
export interface Known {
  readonly access: string
  readonly refresh: string
  readonly opaque: string
  readonly service: string
}

const names = [
  'grant_type',
  'scope',
  'resource',
  'username',
  'password',
  'refresh_token',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'token',
  'token_type_hint',
]
const strangeNames = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'password[$ne]',
  'scope[]',
  'a[b][c]',
  '',
  'code',
  'Grant_Type',
]
const endpoints = ['/token', '/revoke', '/introspect']
const documents = [
  '/.well-known/jwks.json',
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
  '/users/me',
  '/authorize',
  '/healthz',
  '/',
  '//token',
  '/token/',
  '/TOKEN',
  '/%2e%2e/token',
  '/session/end',
  '/reg',
]

const often = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary })

const wild = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom(
    '',
    ' ',
    '%',
    '%zz',
    '%00',
    '%ff%fe',
    'a%0d%0aSet-Cookie:x=1',
    '__proto__',
    'null',
    '../../etc/passwd',
    "' OR 1=1 --",
    '*)(uid=*',
    'a'.repeat(5000),
    '\u202e',
    '🔑',
    '<script>',
  ),
)

const jwtLike = (known: Known) =>
  fc.oneof(
    fc.constantFrom(known.access, known.service, `${known.access}==`, known.access.slice(0, -2)),
    fc
      .nat(known.access.length - 1)
      .map((at) => `${known.access.slice(0, at)}A${known.access.slice(at + 1)}`),
    fc
      .record({
        alg: fc.constantFrom('none', 'None', 'HS256', 'ES256', 'RS256', 'PBES2-HS256+A128KW'),
        kid: fc.constantFrom('x', '../../dev/null', "' OR 1=1", '__proto__'),
        typ: fc.constantFrom('at+jwt', 'JWT', 'dpop+jwt'),
      })
      .map((header) => `${Buffer.from(JSON.stringify(header)).toString('base64url')}.e30.AA`),
  )

const token = (known: Known) =>
  fc.oneof(
    fc.constantFrom(known.access, known.refresh, known.opaque, known.service),
    jwtLike(known),
    fc
      .nat(known.refresh.length - 1)
      .map((at) => `${known.refresh.slice(0, at)}A${known.refresh.slice(at + 1)}`),
    wild,
  )

function valueFor(name: string, known: Known): fc.Arbitrary<string> {
  const right: Readonly<Record<string, readonly string[]>> = {
    grant_type: [
      'password',
      'refresh_token',
      'client_credentials',
      'authorization_code',
      'Password',
    ],
    scope: ['read', 'read write', 'write read', 'peek', 'sum', 'openid', 'read  write', 'a"b', ' '],
    resource: ['https://api.example', 'https://opaque.example', 'https://x.example#f', 'not a uri'],
    username: ['johndoe', 'JOHNDOE', 'nobody', 'johndoe@example.com'],
    password: ['secret', 'wrong'],
    client_id: ['web', 'app', 'service', 'resource-server', 'nobody', '__proto__'],
    client_secret: [secret, 'wrong'],
    client_assertion_type: ['urn:ietf:params:oauth:client-assertion-type:jwt-bearer'],
    token_type_hint: ['access_token', 'refresh_token', 'constructor', '__proto__'],
  }
  const given = Object.hasOwn(right, name) ? right[name] : undefined
  if (given) return fc.oneof(often(6, fc.constantFrom(...given)), often(1, wild))
  return token(known)
}

/** Mostly encoded as it should be, now and then raw. */
const encoded = (value: string): fc.Arbitrary<string> =>
  fc.constantFrom(
    ...[encodeURIComponent(value.toWellFormed()), encodeURIComponent(value.toWellFormed())],
    value.replace(/[&=]/g, ''),
  )

const pair = (known: Known): fc.Arbitrary<string> =>
  fc
    .oneof(often(8, fc.constantFrom(...names)), often(1, fc.constantFrom(...strangeNames)))
    .chain((name) =>
      valueFor(name, known)
        .chain(encoded)
        .map((value) => `${name}=${value}`),
    )

/** Bodies that mean something, and then some. */
const body = (known: Known): fc.Arbitrary<string> =>
  fc.oneof(
    often(
      5,
      fc
        .record({
          grant: fc.constantFrom(
            'grant_type=password&username=johndoe&password=secret',
            `grant_type=refresh_token&refresh_token=${known.refresh}`,
            'grant_type=client_credentials',
            `token=${known.access}`,
            `token=${known.opaque}`,
          ),
          client: fc.constantFrom('client_id=web', `client_id=app&client_secret=${secret}`),
          more: fc.oneof(
            often(2, fc.constant([])),
            often(1, fc.array(pair(known), { maxLength: 3 })),
          ),
        })
        .map(({ grant, client, more }) => [grant, client, ...more].join('&')),
    ),
    often(
      4,
      fc.array(pair(known), { maxLength: 8 }).map((pairs) => pairs.join('&')),
    ),
    often(1, wild),
    often(1, fc.constantFrom('{"grant_type":"password"}', '&&&', '=', '=&=', 'a'.repeat(70_000))),
  )

const base64 = (text: string) => Buffer.from(text).toString('base64')

const authorization = (known: Known): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom(
      `Basic ${base64(`app:${secret}`)}`,
      `basic ${base64(`resource-server:${secret}`)}`,
      `Basic ${base64('app:wrong')}`,
      `Basic ${base64('web:')}`,
      `Basic ${base64('nobody:x')}`,
      `Basic ${base64(`%61pp:${secret}`)}`,
      `Basic ${base64('app:%zz')}`,
      'Basic',
      'Basic !!!',
      `Basic ${base64('nocolon')}`,
      `Bearer ${known.access}`,
      `bearer  ${known.access}`,
      `DPoP ${known.access}`,
      'Bearer',
      'Negotiate x',
      'Digest username="x"',
    ),
    jwtLike(known).map((jwt) => `Bearer ${jwt}`),
    fc.string({ maxLength: 30 }).map((text) => text.replace(/[^\x21-\x7e ]/g, '').trim() || 'x'),
  )

const contentType = fc.oneof(
  often(12, fc.constant('application/x-www-form-urlencoded')),
  often(
    1,
    fc.constantFrom(
      'Application/X-WWW-Form-URLEncoded; charset="utf-8"',
      'application/json',
      'multipart/form-data; boundary=x',
      'text/plain',
      'x',
      'application/x-www-form-urlencoded; charset=latin1',
    ),
  ),
)

const header = fc.constantFrom<readonly [string, string]>(
  ['Accept', 'text/html'],
  ['Accept', 'application/token-introspection+jwt'],
  ['Accept', ';;;'],
  ['Content-Encoding', 'gzip'],
  ['Origin', 'https://web.example'],
  ['Origin', 'null'],
  ['Origin', 'http://localhost:5173'],
  ['X-Forwarded-For', '1.2.3.4, ::1'],
  ['X-Forwarded-Host', 'evil.example'],
  ['Forwarded', 'host=evil.example'],
  ['DPoP', 'x'],
  ['DPoP', 'e30.e30.e30'],
  ['If-None-Match', '*'],
  ['Access-Control-Request-Method', 'POST'],
  ['X-Http-Method-Override', 'DELETE'],
  ['Cookie', '_session=x; _interaction=y'],
  ['User-Agent', '\u001b[31m'.slice(1)],
)

/** Requests to every endpoint, from nearly right to hostile. */
export const requests = (known: Known): fc.Arbitrary<FuzzRequest> =>
  fc
    .record({
      method: fc.oneof(
        often(12, fc.constant('POST')),
        often(3, fc.constantFrom('GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH')),
      ),
      path: fc.oneof(
        often(9, fc.constantFrom(...endpoints)),
        often(3, fc.constantFrom(...documents)),
      ),
      query: fc.oneof(
        often(8, fc.constant('')),
        often(
          1,
          pair(known).map((one) => `?${one}`),
        ),
      ),
      body: body(known),
      contentType,
      authorization: fc.oneof(often(3, fc.constant(null)), often(2, authorization(known))),
      more: fc.array(header, { maxLength: 2 }),
    })
    .map(
      ({
        method,
        path,
        query,
        body: content,
        contentType: type,
        authorization: credentials,
        more,
      }) => ({
        method,
        target: path + query.replace(/[^\x21-\x7e]/g, ''),
        headers: [
          ['Content-Type', type] as const,
          ...(credentials === null ? [] : [['Authorization', credentials] as const]),
          ...more,
        ],
        body: ['GET', 'HEAD'].includes(method) ? '' : content,
      }),
    )
