import { type Finding, when } from '../faults.ts'
import type { Config } from '../schema.ts'
import type { ClientConfig } from '../schema-clients.ts'

export const checkAudiences = (
  { apis }: ClientConfig,
  audiences: readonly (string | undefined)[],
): Finding[] =>
  apis.flatMap((audience, index) =>
    when(
      !audiences.includes(audience),
      ['apis', index],
      'no API has this audience: name one of `apis`, byte for byte',
    ),
  )

/** A scope of a client is one of its APIs' (RFC 6749 section 3.3). */
export function checkScopes(
  { apis: audiences, scopes, defaultScopes }: ClientConfig,
  apis: Config['apis'],
): Finding[] {
  const own = apis.filter(({ audience }) => !audiences.length || audiences.includes(audience))
  const known = new Set(own.flatMap((api) => api.scopes))
  const allowed = scopes ? new Set(scopes) : known
  return [
    ...(scopes ?? []).flatMap((scope, index) =>
      when(
        !known.has(scope),
        ['scopes', index],
        "none of the client's APIs knows this scope: add it to the API's `scopes`",
      ),
    ),
    ...(defaultScopes ?? []).flatMap((scope, index) =>
      when(
        !allowed.has(scope),
        ['defaultScopes', index],
        'the client may not ask for this scope: add it to its `scopes`',
      ),
    ),
  ]
}
