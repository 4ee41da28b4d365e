import type { Context, Middleware } from 'koa'
import type { Clients } from '../clients/client.ts'
import type { JudgeSecret } from '../clients/judge-secret.ts'
import { networkOf } from '../users/network.ts'
import { assertedClient } from './client-assertion.ts'
import { OAuthError } from './error.ts'
import { createRepeats } from './repeats.ts'
import { type Form, factsOf, parameter, type RequestFacts, valuesOf } from './request.ts'
import { routes } from './routes.ts'

export interface PresentationParts {
  readonly issuer: string
  readonly clients: Clients
  readonly defaultClient: string | undefined
  readonly judgeSecret: JudgeSecret
}

/**
 * Reads how the client names itself and hands the engine one canonical form of it. The engine
 * decodes Basic strictly and knows one secret a client; clients in use send it raw as often as
 * decoded, and several secrets may be valid (design D10). A secret is judged here, where unknown
 * clients are seen as well; whether a secret is how this client authenticates, the engine decides.
 *
 * @throws OAuthError invalid_client, invalid_request, temporarily_unavailable (429)
 */
export function presentClient(parts: PresentationParts): Middleware {
  const repeats = createRepeats()
  return async (ctx, next) => {
    const facts = factsOf(ctx)
    const named = readClient(ctx, facts.form, parts)
    const client = parts.clients.get(named.id)
    const said = () => contentOf(named, facts)
    facts.presented = {
      id: named.id,
      secrets: named.secrets,
      registered: client !== undefined,
      repeated: named.by === 'body' && repeats.take(said),
    }
    // RFC 7662 section 2.1: introspection is for those who can prove who they are.
    if (ctx.path === routes.introspection && client?.public) {
      throw new OAuthError('invalid_client', 'a public client may not introspect')
    }
    try {
      await proveSecret(facts, parts.judgeSecret)
      tellEngine(ctx, named)
      await next()
    } finally {
      if (facts.wrong && named.by === 'basic') repeats.expect(said())
    }
  }
}

/** A request as it is apart from how the client authenticates. */
function contentOf({ id, secrets }: NamedClient, { form, address }: RequestFacts): string {
  const own = [...(form ?? [])].filter(([name]) => name !== 'client_id' && name !== 'client_secret')
  return JSON.stringify([address, id, secrets[0], own.sort(([a], [b]) => (a < b ? -1 : 1))])
}

interface NamedClient {
  readonly id: string
  /** The readings of its secret, of which one is right or none is. */
  readonly secrets: readonly string[]
  readonly by: 'basic' | 'assertion' | 'body' | 'default'
}

function readClient(
  ctx: Context,
  form: Form | undefined,
  { issuer, clients, defaultClient }: PresentationParts,
): NamedClient {
  const header = authorization(ctx)
  const id = parameter(form, 'client_id')
  const secret = parameter(form, 'client_secret')
  const assertion = parameter(form, 'client_assertion')
  if ([header, secret, assertion].filter((method) => method !== undefined).length > 1) {
    throw new OAuthError(
      'invalid_request',
      'more than one client authentication method (RFC 6749 section 2.3)',
    )
  }
  const asserted = assertedClient(form, issuer)
  if (header !== undefined) {
    const named = readBasic(header, clients, ctx.path)
    if (id !== undefined && id !== named.id) {
      throw new OAuthError('invalid_request', 'client_id is not the authenticated client')
    }
    return { ...named, by: 'basic' }
  }
  if (asserted !== undefined) {
    // RFC 7521 section 4.2: client_id is not needed, and must agree.
    if (id !== undefined && id !== asserted) {
      throw new OAuthError('invalid_client', 'client_id is not the client of the assertion')
    }
    return { id: asserted, secrets: [], by: 'assertion' }
  }
  if (id !== undefined) return { id, secrets: secret === undefined ? [] : [secret], by: 'body' }
  if (defaultClient === undefined || secret !== undefined) {
    throw new OAuthError('invalid_client', 'no client is named')
  }
  return { id: defaultClient, secrets: [], by: 'default' }
}

/** Puts the client where the engine looks for it first: the parameters client_id and client_secret. */
function tellEngine(ctx: Context, { id, secrets, by }: NamedClient): void {
  if (by === 'assertion' || by === 'body') return
  ctx.req.headers.authorization = undefined
  const { body } = ctx.req as { body?: Record<string, unknown> }
  if (body === undefined) return
  body.client_id = [id]
  if (secrets.length > 0) body.client_secret = secrets.slice(0, 1)
}

async function proveSecret(facts: RequestFacts, judge: JudgeSecret): Promise<void> {
  const { presented, address } = facts
  if (presented === undefined || presented.secrets.length === 0) return
  const { id, secrets, repeated } = presented
  const verdict = await judge(id, secrets, { address, network: networkOf(address), repeated })
  if (verdict.right) {
    facts.presented = { ...presented, proven: true }
  } else if (verdict.retryAfter !== undefined) {
    const { retryAfter } = verdict
    facts.throttled = 'secret'
    throw new OAuthError('temporarily_unavailable', 'too many attempts', {
      status: 429,
      retryAfter,
    })
  } else {
    facts.wrong = true
    throw new OAuthError('invalid_client', 'client authentication failed')
  }
}

function authorization(ctx: Context): string | undefined {
  if (ctx.req.headers.authorization === undefined) return undefined
  const values = valuesOf(ctx.req, 'authorization')
  if (values.length > 1)
    throw new OAuthError('invalid_request', 'more than one Authorization header')
  return values[0]
}

/** RFC 7617 section 2, and RFC 6749 section 2.3.1: id and secret are form-encoded inside, by those who read it. */
function readBasic(
  header: string,
  clients: Clients,
  path: string,
): { id: string; secrets: string[] } {
  const [, scheme = '', credentials = ''] = /^([^ ]+) *(.*)$/.exec(header) ?? []
  // RFC 7662 section 2.3: a bearer token that does not authorise is answered as RFC 6750 section 3 has it.
  if (scheme.toLowerCase() === 'bearer' && path === routes.introspection) {
    throw new OAuthError('invalid_token', 'bearer tokens do not authorise introspection here')
  }
  if (scheme.toLowerCase() !== 'basic') {
    // Not repeated: whoever leaves the scheme out has a secret in its place.
    throw new OAuthError('invalid_client', 'this scheme does not authenticate a client here')
  }
  const pair = /^[A-Za-z0-9+/_-]+={0,2}$/.test(credentials)
    ? Buffer.from(credentials, 'base64').toString('utf8')
    : ''
  const colon = pair.indexOf(':')
  if (colon < 1) throw new OAuthError('invalid_client', 'the Basic credentials are malformed')
  const raw = { id: pair.slice(0, colon), secret: pair.slice(colon + 1) }
  const decoded = { id: formDecode(raw.id), secret: formDecode(raw.secret) }
  const id =
    decoded.id !== undefined && (clients.has(decoded.id) || !clients.has(raw.id))
      ? decoded.id
      : raw.id
  const secrets = [...new Set([decoded.secret, raw.secret])].filter(
    (secret) => secret !== undefined && secret !== '',
  ) as string[]
  if (![id, ...secrets].every((text) => /^[\x20-\x7e]+$/.test(text))) {
    throw new OAuthError('invalid_client', 'client authentication failed')
  }
  // Basic with an empty secret is how several libraries name a public client.
  if (secrets.length === 0 && clients.get(id)?.public !== true) {
    throw new OAuthError('invalid_client', 'client authentication failed')
  }
  return { id, secrets }
}

function formDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
