import { createHash, X509Certificate } from 'node:crypto'
import { errors } from 'oidc-provider'
import {
  checkDpopReplay,
  checkDpopRequired,
  checkMtlsCert,
  validateDpop,
} from 'oidc-provider/lib/helpers/grants.js'
import type { GrantContext } from './grant.ts'

/** What the client proved to hold in this request: a DPoP key (RFC 9449) or a certificate (RFC 8705). */
export interface Binding {
  readonly jkt?: string
  readonly x5t?: string
  /** Spends the DPoP proof's jti; to be called once everything else is found in order. */
  spend(): Promise<void>
}

/** @throws the engine's InvalidDpopProof, UseDpopNonce, InvalidGrant where the client must bind and does not */
export async function readBinding(ctx: GrantContext): Promise<Binding> {
  const { provider, client } = ctx.oidc
  const proof = await validateDpop(provider, ctx)
  // RFC 9449 section 5.2: a client registered for DPoP must send a proof.
  checkDpopRequired(provider, ctx, proof, errors.InvalidDpopProof)
  const certificate = checkMtlsCert(provider, ctx, errors.InvalidGrant)
  return {
    ...(proof && { jkt: proof.thumbprint }),
    ...(certificate && { x5t: certificateThumbprint(certificate) }),
    spend: () => checkDpopReplay(provider, ctx, proof, client.clientId, errors.InvalidDpopProof),
  }
}

/** RFC 8705 section 3.1: base64url of the SHA-256 of the DER encoding. */
const certificateThumbprint = (certificate: string | X509Certificate): string =>
  createHash('sha256')
    .update((typeof certificate === 'string' ? new X509Certificate(certificate) : certificate).raw)
    .digest('base64url')
