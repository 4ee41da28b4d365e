import type { Client } from '../clients/client.ts'
import type { Api } from '../tokens/api.ts'
import { OAuthError } from './error.ts'
import { type Form, parameter } from './request.ts'

/** What a request may get: one API, and scopes in the API's order. */
export interface Access {
  readonly api: Api
  readonly scopes: readonly string[]
  /** The scope parameter, when every scope in it was granted and no other. */
  readonly asked: string | undefined
}

/** OpenID scopes that some clients add unasked; nothing here answers to them, and refusing would help nobody. */
const ignored = new Set(['openid', 'offline_access'])

/**
 * Decides audience and scope of a new grant (RFC 6749 section 3.3, RFC 8707 section 2). Without
 * `resource` it is the first of the client's APIs that knows every scope asked for; without
 * `scope` it is the client's default.
 *
 * @throws OAuthError invalid_target, invalid_scope
 */
export function decideAccess(client: Client, apis: readonly Api[], form: Form | undefined): Access {
  const mine =
    client.apis.length === 0
      ? apis
      : client.apis.flatMap((audience) => apis.filter((api) => api.audience === audience))
  const asked = parseScope(parameter(form, 'scope'))
  const resource = requestedResource(form, apis)
  const candidates = resource === undefined ? mine : mine.filter((api) => api.audience === resource)
  if (candidates.length === 0) {
    throw new OAuthError('invalid_target', 'the resource is unknown, or not for this client')
  }
  const may = (api: Api) => api.scopes.filter((scope) => client.scopes?.includes(scope) ?? true)
  const api = candidates.find((one) => asked.every((scope) => may(one).includes(scope)))
  if (api === undefined)
    throw new OAuthError('invalid_scope', 'a scope is unknown, or not for this client')
  const granted = asked.length > 0 ? asked : (client.defaultScopes ?? may(api))
  return { api, scopes: inOrder(api, granted), asked: parameter(form, 'scope') }
}

/** At a refresh: no scope beyond the login's (RFC 6749 section 6), no other resource (RFC 8707 section 2.2). */
export function narrowAccess(
  family: { readonly scope: string; readonly audience: string },
  apis: readonly Api[],
  form: Form | undefined,
): Access {
  const resource = requestedResource(form, apis)
  if (resource !== undefined && resource !== family.audience) {
    throw new OAuthError('invalid_target', 'the resource is not one this login is for')
  }
  const api = apis.find(({ audience }) => audience === family.audience)
  if (api === undefined) throw new OAuthError('invalid_grant', 'the API of this login is gone')
  const original = splitScope(family.scope)
  const asked = parseScope(parameter(form, 'scope'))
  if (!asked.every((scope) => original.includes(scope))) {
    throw new OAuthError('invalid_scope', 'a scope goes beyond the original grant')
  }
  const granted = asked.length > 0 ? asked : original
  return { api, scopes: inOrder(api, granted), asked: parameter(form, 'scope') }
}

/** Less, where the user may have less; told in the answer's scope (RFC 6749 section 3.3). */
export function limitToUser(access: Access, userScopes: readonly string[] | undefined): Access {
  if (userScopes === undefined) return access
  const scopes = access.scopes.filter((scope) => userScopes.includes(scope))
  if (scopes.length === 0 && access.scopes.length > 0) {
    throw new OAuthError('invalid_scope', 'the user may have none of these scopes')
  }
  return { ...access, scopes }
}

/** RFC 6749 section 5.1: what was granted, in the words of the request where they mean the same. */
export function scopeAnswer({ asked, scopes }: Access): string | undefined {
  const same =
    asked !== undefined &&
    splitScope(asked).length === scopes.length &&
    splitScope(asked).every((scope) => scopes.includes(scope))
  if (same) return asked
  return scopes.length > 0 ? scopes.join(' ') : undefined
}

/** RFC 6749 section 3.3: scope-tokens with single spaces between; repeats add nothing. */
function parseScope(scope: string | undefined): string[] {
  if (scope === undefined) return []
  if (!/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/.test(scope)) {
    throw new OAuthError('invalid_scope', 'the scope is malformed (RFC 6749 section 3.3)')
  }
  return [...new Set(scope.split(' '))].filter((one) => !ignored.has(one))
}

/** RFC 8707 section 2: absolute, without a fragment; one at a time (section 3 names the risk of several). */
function requestedResource(form: Form | undefined, apis: readonly Api[]): string | undefined {
  const values = [...new Set(form?.get('resource') ?? [])]
  if (values.length > 1) throw new OAuthError('invalid_target', 'one resource at a time')
  const [value] = values
  const known = value === undefined || apis.some(({ audience }) => audience === value)
  if (!known && (!URL.canParse(value) || value.includes('#'))) {
    throw new OAuthError('invalid_target', 'the resource is not an absolute URI without a fragment')
  }
  return value
}

const splitScope = (scope: string): string[] => scope.split(' ').filter((one) => one !== '')

const inOrder = (api: Api, scopes: readonly string[]): string[] =>
  api.scopes.filter((scope) => scopes.includes(scope))
