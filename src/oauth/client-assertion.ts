import { claimsOf, hasType, InvalidJws, parseJws } from '../resource-server/jws/compact.ts'
import { OAuthError } from './error.ts'
import { proofAlgorithms } from './proof-algorithms.ts'
import { type Form, parameter } from './request.ts'

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** Seconds that an assertion may have before it: as long its jti is remembered. */
const longest = 300

/** Seconds by which the clocks of clients may differ from ours. */
export const clockTolerance = 5

/**
 * The client that an assertion says it is of, or undefined when there is no assertion. Whatever can
 * be judged without a key is judged here, and more strictly than the engine does, which then checks
 * the signature against the client's keys (RFC 7523 section 3).
 *
 * @throws OAuthError invalid_client, or invalid_request for half an assertion
 */
export function assertedClient(form: Form | undefined, issuer: string): string | undefined {
  const assertion = parameter(form, 'client_assertion')
  const type = parameter(form, 'client_assertion_type')
  if (assertion === undefined && type === undefined) return undefined
  if (assertion === undefined || type === undefined) {
    throw new OAuthError(
      'invalid_request',
      'client_assertion and client_assertion_type belong together',
    )
  }
  if (type !== assertionType) throw refused('its type is not supported')

  const { iss, sub, aud, exp, jti } = claimsIn(assertion)
  if (typeof sub !== 'string' || sub === '' || iss !== sub)
    throw refused('iss and sub must be the client_id')
  // The draft that updates RFC 7523: for the issuer and for nobody else, so that no other server can pass it on.
  if (aud !== issuer) throw refused('aud must be the issuer alone')
  if (typeof exp !== 'number') throw refused('exp is missing')
  if (exp > Date.now() / 1000 + longest + clockTolerance)
    throw refused(`exp is more than ${longest} seconds ahead`)
  if (typeof jti !== 'string' || jti === '') throw refused('jti is missing')
  return sub
}

function claimsIn(assertion: string) {
  try {
    const jws = parseJws(assertion, proofAlgorithms)
    if (jws.header.typ !== undefined && !types.some((type) => hasType(jws.header, type)))
      throw refused('it is a JWT of another kind')
    if (['jwk', 'jku', 'x5u', 'x5c'].some((name) => Object.hasOwn(jws.header, name)))
      throw refused('it brings its own key')
    return claimsOf(jws)
  } catch (cause) {
    if (cause instanceof InvalidJws) throw refused(cause.message)
    throw cause
  }
}

const types = ['jwt', 'client-authentication+jwt']

const refused = (reason: string) => new OAuthError('invalid_client', `client assertion: ${reason}`)
