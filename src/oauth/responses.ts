import type { Context, Middleware } from 'koa'
import { errors } from 'oidc-provider'
import { descriptionText, isErrorCode, OAuthError } from './error.ts'
import { factsOf } from './request.ts'

/**
 * Every answer of the token, revocation and introspection endpoints, as RFC 6749 section 5 and
 * RFC 7009 section 2.2 have it where the engine differs (design D10): one shape for errors, JSON
 * whatever Accept says, a challenge with every 401, never cached.
 */
export function answer(issuer: string): Middleware {
  return async (ctx, next) => {
    const facts = factsOf(ctx)
    try {
      await next()
    } catch (error) {
      facts.failure = protocolError(error)
    }
    ctx.set('Cache-Control', 'no-store')
    ctx.set('Pragma', 'no-cache')
    if (facts.failure !== undefined) answerError(ctx, issuer, facts.failure)
    // RFC 7009 section 2.2 leaves the body open; client libraries parse it as JSON.
    else if (ctx.status === 200 && (ctx.body === '' || ctx.body === undefined)) ctx.body = {}
  }
}

function answerError(ctx: Context, issuer: string, error: OAuthError): void {
  const description = descriptionText(error.message)
  ctx.status = error.status
  ctx.body = { error: error.code, error_description: description }
  if (error.retryAfter !== undefined) ctx.set('Retry-After', String(error.retryAfter))
  ctx.remove('WWW-Authenticate')
  if (error.status === 401) {
    // RFC 9110 section 15.5.2; the code is in it because some libraries read nothing else of a 401.
    const scheme = error.code === 'invalid_token' ? 'Bearer' : 'Basic'
    ctx.set(
      'WWW-Authenticate',
      `${scheme} realm="${issuer}", error="${error.code}", error_description="${description}"`,
    )
  }
}

/** Names of the errors by which the rooms below say that they cannot tell: 503, never a refusal. */
const unavailable = new Set([
  'StateUnavailable',
  'KeyUnavailable',
  'DirectoryUnavailable',
  'Overloaded',
  'SecretsBusy',
  'SigningUnavailable',
])

/** What a failure is to the client. What nobody foresaw is ours, and says nothing of itself. */
export function protocolError(failure: unknown): OAuthError {
  if (failure instanceof OAuthError) return failure
  if (failure instanceof errors.OIDCProviderError && isErrorCode(failure.error)) {
    const description = failure.error_description ?? 'the request is not valid'
    return new OAuthError(failure.error, description, { cause: failure })
  }
  if (failure instanceof Error && unavailable.has(failure.name)) {
    const known = 'retryAfter' in failure ? Number(failure.retryAfter) : 1
    return new OAuthError('temporarily_unavailable', 'try again', {
      retryAfter: known,
      cause: failure,
    })
  }
  return new OAuthError('server_error', 'something went wrong', { cause: failure })
}
