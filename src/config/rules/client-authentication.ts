import { isHashedSecret, looksHashed } from '../../clients/secrets.ts'
import { type Finding, when } from '../faults.ts'
import type { ClientConfig } from '../schema-clients.ts'
import { checkKey } from './client-key.ts'

export const checkSecrets = (
  { secrets }: ClientConfig,
  fromOutside: (index: number) => boolean,
): Finding[] =>
  secrets.flatMap((secret, index) => [
    ...when(
      looksHashed(secret) && !isHashedSecret(secret),
      ['secrets', index],
      'this hash is incomplete: write all that `latchkey hash --client-secret` prints',
    ),
    ...when(
      !looksHashed(secret) && !fromOutside(index),
      ['secrets', index],
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what the operator writes
      'a secret does not stand here as it is: write what `latchkey hash --client-secret` prints, or take it from outside with ${NAME} or ${file:PATH}',
    ),
  ])

const noCertificates =
  'no client certificate arrives here: set `tls.clientCa` or `proxy.clientCertificateHeader`'

/** A confidential client has what its way of authenticating needs, and nothing that it would not use. */
export function checkConfidential(client: ClientConfig, certificatesArrive: boolean): Finding[] {
  const { authentication: method, secrets, jwks, certificate } = client
  const bySecret = method === 'secret'
  const byKeys = method === 'private_key_jwt' || method === 'self_signed_tls_client_auth'
  const byName = method === 'tls_client_auth'
  return [
    ...when(
      bySecret && !secrets.length,
      ['secrets'],
      'a confidential client needs one: run `latchkey client rotate-secret`, or write `public: true`',
    ),
    ...when(!bySecret && secrets.length > 0, ['secrets'], `${method} uses no secret: leave it out`),
    ...when(byKeys && !jwks, ['jwks'], `${method} needs the client's public keys here`),
    ...when(!byKeys && jwks !== undefined, ['jwks'], `${method} uses no keys: leave it out`),
    ...(jwks?.keys ?? []).flatMap((key, index) =>
      checkKey(key, ['jwks', 'keys', index], method === 'self_signed_tls_client_auth'),
    ),
    ...when(
      !byName && certificate !== undefined,
      ['certificate'],
      'this is for tls_client_auth: leave it out',
    ),
    ...when(
      byName && Object.keys(certificate ?? {}).length !== 1,
      ['certificate'],
      'write exactly one of `subjectDn`, `sanDns`, `sanUri`, `sanIp`, `sanEmail`',
    ),
    ...when(
      method.endsWith('tls_client_auth') && !certificatesArrive,
      ['authentication'],
      noCertificates,
    ),
  ]
}

export const checkBinding = (client: ClientConfig, certificatesArrive: boolean): Finding[] => [
  ...when(client.certificateBound && !certificatesArrive, ['certificateBound'], noCertificates),
  ...when(
    client.certificateBound && client.dpopBound,
    ['dpopBound'],
    'its tokens are bound to a certificate already: leave out one of the two',
  ),
]
