import type { Context, Middleware } from 'koa'
import type { Clients } from '../clients/client.ts'
import { bodyReader } from '../oauth/body.ts'
import { type CertificateSource, clientCertificate } from '../oauth/certificate.ts'
import { OAuthError } from '../oauth/error.ts'
import { factsOf } from '../oauth/request.ts'
import {
  type AccessTokenClaims,
  type AccessTokenVerifier,
  BearerError,
  challenge,
  koaAccessToken,
} from '../resource-server/index.ts'
import { type Ending, readEnding, type Session, UnclearEnding } from '../tokens/ending.ts'

export interface AdministrationParts {
  /** For tokens of the API that administration belongs to. */
  readonly verifier: AccessTokenVerifier
  readonly scope: string
  readonly sessionsOf: (sub: string) => Promise<readonly Session[]>
  readonly end: (ending: Ending) => Promise<void>
}

interface Surroundings {
  readonly issuer: string
  readonly clients: Clients
  readonly certificates: CertificateSource | undefined
}

const paths = { sessions: '/admin/users/:sub/sessions', revocations: '/admin/revocations' } as const

/** Largest body, in bytes. */
const readBody = bodyReader(16_384)

/** The endpoints for a back office: what a user is logged in with, and an end to it. Off by default. */
export function administration(
  { verifier, scope, sessionsOf, end }: AdministrationParts,
  { issuer, clients, certificates = {} }: Surroundings,
) {
  const guard = [
    koaAccessToken(verifier, {
      realm: issuer,
      scopes: [scope],
      certificate: (ctx: Context) => clientCertificate(ctx, certificates)?.x509.raw,
    }),
    onlyClients(issuer, clients, scope),
  ]
  const sessions: Middleware = async (ctx) => {
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { sessions: await sessionsOf(String(ctx.params.sub)) }
  }
  const revoke: Middleware = async (ctx) => {
    const ending = await endingAsked(ctx)
    await end(ending)
    factsOf(ctx).audit = { event: 'administration.ended', by: claimsOf(ctx).client_id, ...ending }
    ctx.set('Cache-Control', 'no-store')
    ctx.body = {}
  }
  return { paths, guard, sessions, revoke }
}

/**
 * A client of its own accord, and one that was given the scope by name: neither a user's login nor a
 * client that happens to be unrestricted administers anything.
 */
const onlyClients =
  (realm: string, clients: Clients, scope: string): Middleware =>
  async (ctx, next) => {
    const { client_id, sid } = claimsOf(ctx)
    if (sid === undefined && clients.get(client_id)?.scopes?.includes(scope)) return next()
    const description = 'only a client that has the scope by name, and no user, may do this'
    const error = new BearerError('insufficient_scope', description, { scope })
    ctx.status = error.status
    ctx.set('WWW-Authenticate', challenge(error, { realm }))
    ctx.body = { error: error.code, error_description: description }
    return undefined
  }

const claimsOf = (ctx: Context) => ctx.state.accessToken as AccessTokenClaims

/** JSON, or a form. @throws OAuthError invalid_request */
async function endingAsked(ctx: Context): Promise<Ending> {
  const type = ctx.is('application/json', 'application/x-www-form-urlencoded')
  if (typeof type !== 'string' || ctx.get('Content-Encoding') !== '') {
    throw new OAuthError('invalid_request', 'send JSON or a form', { status: 415 })
  }
  const text = await readBody(ctx)
  try {
    return readEnding(type.endsWith('json') ? JSON.parse(text) : formOf(text))
  } catch (cause) {
    if (cause instanceof UnclearEnding) throw new OAuthError('invalid_request', cause.message)
    throw new OAuthError('invalid_request', 'the body cannot be read', { cause })
  }
}

function formOf(text: string): Record<string, string> {
  const pairs = [...new URLSearchParams(text)]
  const form = Object.fromEntries(pairs)
  if (Object.keys(form).length !== pairs.length) throw new UnclearEnding('a name is repeated')
  return form
}
