import type { Context, Middleware } from 'koa'
import { bodyReader } from './body.ts'
import { OAuthError } from './error.ts'
import { factsOf } from './request.ts'

/** Parameters of any grant and endpoint here; the others are ignored (RFC 6749 section 3.2). */
const known = new Set([
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
])
const repeatable = new Set(['resource'])

/** Parameters of one request, unknown ones too; no grant has a third as many. */
const most = 50

/**
 * Reads a form body (RFC 6749 appendix B) of at most `limit` bytes into the facts of the request,
 * and hands it to the engine already parsed.
 *
 * @throws OAuthError invalid_request, with 413 for too much and 415 for another media type or encoding
 */
export function readForm(limit: number): Middleware {
  const read = bodyReader(limit)
  return async (ctx, next) => {
    refuseOtherBodies(ctx)
    const form = parseForm(await read(ctx))
    factsOf(ctx).form = form
    // The engine takes a body that was read upstream (its lib/shared/selective_body.js).
    const body: Record<string, string[]> = {}
    for (const [name, values] of form) body[name] = values
    Object.assign(ctx.req, { body })
    await next()
  }
}

function refuseOtherBodies(ctx: Context): void {
  // A body is never decompressed: it would be unbounded work for a few bytes (RFC 9110 section 15.5.16).
  const encoding = ctx.get('Content-Encoding')
  if (encoding !== '' && encoding.toLowerCase() !== 'identity') {
    throw new OAuthError('invalid_request', 'a content coding is not accepted', { status: 415 })
  }
  if (ctx.is('application/x-www-form-urlencoded') === 'application/x-www-form-urlencoded') return
  if (ctx.get('Content-Type') === '' && !hasBody(ctx)) return
  throw new OAuthError('invalid_request', 'the body must be application/x-www-form-urlencoded')
}

const hasBody = (ctx: Context): boolean =>
  ctx.get('Transfer-Encoding') !== '' || !['', '0'].includes(ctx.get('Content-Length'))

/** The known parameters of a form-encoded body. Exported for the tests of its grammar. */
export function parseForm(body: string): Map<string, string[]> {
  const form = new Map<string, string[]>()
  const seen = new Set<string>()
  let parameters = 0
  for (const pair of body.split('&')) {
    if (pair === '') continue
    parameters += 1
    if (parameters > most) {
      throw new OAuthError('invalid_request', `there are more than ${most} parameters`)
    }
    const equals = pair.indexOf('=')
    const name = decode(equals === -1 ? pair : pair.slice(0, equals))
    const value = decode(equals === -1 ? '' : pair.slice(equals + 1))
    if (!known.has(name)) continue
    if (seen.has(name) && !repeatable.has(name)) {
      throw new OAuthError('invalid_request', `${name} is given more than once`)
    }
    seen.add(name)
    // RFC 6749 appendix A: no parameter has control characters, but tab in names and passwords.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters in question
    if (/[\u0000-\u0008\u000a-\u001f]/.test(value)) {
      throw new OAuthError('invalid_request', `${name} has a control character`)
    }
    if (value === '') continue
    const before = form.get(name)
    if (before === undefined) form.set(name, [value])
    else before.push(value)
  }
  return form
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  // Most names and values have nothing to decode.
  if (/^[\x20-\x24\x26-\x7e]*$/.test(spaced)) return spaced
  // What the body reader could not decode stands as U+FFFD.
  if (spaced.includes('\ufffd')) throw new OAuthError('invalid_request', 'a value is not UTF-8')
  if (/%(?![0-9A-Fa-f]{2})/.test(spaced)) {
    throw new OAuthError('invalid_request', 'a percent escape is broken')
  }
  const bytes = Buffer.from(
    spaced
      .replace(/[^\x20-\x7e]/gu, (character) => encodeURIComponent(character))
      .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      ),
    'latin1',
  )
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw new OAuthError('invalid_request', 'a value is not UTF-8', { cause })
  }
}
