import type { Context, Middleware } from 'koa'
import type { Client, Clients } from '../clients/client.ts'
import type { JudgeSecret } from '../clients/judge-secret.ts'
import { networkOf } from '../users/network.ts'
import { assertedClient } from './client-assertion.ts'
import { OAuthError } from './error.ts'
import { factsOf, parameter, type RequestFacts } from './request.ts'
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
export function presentClient({
  issuer,
  clients,
  defaultClient,
  judgeSecret,
}: PresentationParts): Middleware {
  return async (ctx, next) => {
    const facts = factsOf(ctx)
    const header = authorization(ctx)
    const bodyId = parameter(facts.form, 'client_id')
    const bodySecret = parameter(facts.form, 'client_secret')
    const assertion = parameter(facts.form, 'client_assertion')
    const present = (id: string, secrets: readonly string[]) => {
      facts.presented = { id, secrets, registered: clients.has(id) }
    }

    if ([header, bodySecret, assertion].filter((method) => method !== undefined).length > 1) {
      throw new OAuthError(
        'invalid_request',
        'more than one client authentication method (RFC 6749 section 2.3)',
      )
    }
    const asserted = assertedClient(facts.form, issuer)
    if (header !== undefined) {
      const { client, id, secrets } = readBasic(header, clients, ctx.path)
      if (bodyId !== undefined && bodyId !== id) {
        throw new OAuthError('invalid_request', 'client_id is not the authenticated client')
      }
      if (secrets.length === 0) {
        if (client?.public !== true)
          throw new OAuthError('invalid_client', 'client authentication failed')
        // Basic with an empty secret is how several libraries name a public client.
        ctx.req.headers.authorization = undefined
        delete ctx.req.headers.authorization
        setParameter(ctx, 'client_id', id)
      } else {
        const canonical = `${encodeURIComponent(id)}:${encodeURIComponent(secrets[0] ?? '')}`
        ctx.req.headers.authorization = `Basic ${Buffer.from(canonical).toString('base64')}`
      }
      present(id, secrets)
    } else if (asserted !== undefined) {
      // RFC 7521 section 4.2: client_id is not needed, and must agree.
      if (bodyId !== undefined && bodyId !== asserted)
        throw new OAuthError('invalid_client', 'client_id is not the client of the assertion')
      present(asserted, [])
    } else if (bodyId !== undefined) {
      present(bodyId, bodySecret === undefined ? [] : [bodySecret])
    } else {
      if (defaultClient === undefined || bodySecret !== undefined) {
        throw new OAuthError('invalid_client', 'no client is named')
      }
      setParameter(ctx, 'client_id', defaultClient)
      present(defaultClient, [])
    }
    // RFC 7662 section 2.1: introspection is for those who can prove who they are.
    if (ctx.path === routes.introspection && clients.get(facts.presented?.id ?? '')?.public) {
      throw new OAuthError('invalid_client', 'a public client may not introspect')
    }
    await proveSecret(facts, judgeSecret)
    await next()
  }
}

async function proveSecret(facts: RequestFacts, judge: JudgeSecret): Promise<void> {
  const { presented, address } = facts
  if (presented === undefined || presented.secrets.length === 0) return
  const verdict = await judge(presented.id, presented.secrets, networkOf(address))
  if (verdict.right) {
    facts.presented = { ...presented, proven: true }
  } else if (verdict.retryAfter !== undefined) {
    const { retryAfter } = verdict
    throw new OAuthError('temporarily_unavailable', 'too many attempts', {
      status: 429,
      retryAfter,
    })
  } else {
    throw new OAuthError('invalid_client', 'client authentication failed')
  }
}

function authorization(ctx: Context): string | undefined {
  const values = ctx.req.headersDistinct.authorization ?? []
  if (values.length > 1)
    throw new OAuthError('invalid_request', 'more than one Authorization header')
  return values[0]
}

/** RFC 7617 section 2, and RFC 6749 section 2.3.1: id and secret are form-encoded inside, by those who read it. */
function readBasic(
  header: string,
  clients: Clients,
  path: string,
): { client: Client | undefined; id: string; secrets: string[] } {
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
  return { client: clients.get(id), id, secrets }
}

function formDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

/** The engine reads the body; what is said elsewhere is put where it looks. */
function setParameter(ctx: Context, name: string, value: string): void {
  const { body } = ctx.req as { body?: Record<string, unknown> }
  if (body !== undefined) body[name] = [value]
}
