import { createHash, X509Certificate } from 'node:crypto'
import { errors } from 'oidc-provider'
import { checkDpopRequired, checkMtlsCert, validateDpop } from 'oidc-provider/lib/helpers/grants.js'
import { InvalidJws } from '../../resource-server/jws/compact.ts'
import { UnusableKey } from '../../resource-server/jws/keys.ts'
import { readProof } from '../../resource-server/proof.ts'
import type { State } from '../../state/state.ts'
import { OAuthError } from '../error.ts'
import { proofAlgorithms } from '../proof-algorithms.ts'
import { valuesOf } from '../request.ts'
import type { GrantContext } from './grant.ts'

/** What the client proved to hold in this request: a DPoP key (RFC 9449) or a certificate (RFC 8705). */
export interface Binding {
  readonly jkt?: string
  readonly x5t?: string
  /** Spends the DPoP proof's jti; to be called once everything else is found in order. */
  spend(): Promise<void>
}

/** Seconds by which the time of a proof without a nonce of ours may be off: the engine's, which asks for one beyond it. */
const window = 300

/** @throws OAuthError invalid_dpop_proof; the engine's InvalidDpopProof, UseDpopNonce, InvalidGrant where the client must bind and does not */
export async function readBinding(ctx: GrantContext, state: State): Promise<Binding> {
  const { provider } = ctx.oidc
  const proof = await readDpop(ctx)
  // RFC 9449 section 5.2: a client registered for DPoP must send a proof.
  checkDpopRequired(provider, ctx, proof, errors.InvalidDpopProof)
  const certificate = checkMtlsCert(provider, ctx, errors.InvalidGrant)
  return {
    ...(proof && { jkt: proof.thumbprint }),
    ...(certificate && { x5t: certificateThumbprint(certificate) }),
    async spend() {
      if (proof === undefined) return
      const id = sha256(`${proof.thumbprint}.${proof.jti}`).toString('base64url')
      // A proof dated ahead is good for longer, so it is remembered for longer (RFC 9449 section 11.1).
      const ahead = Math.max(0, Math.min(window, proof.iat - Math.floor(Date.now() / 1000)))
      if (!(await state.once(`dpop ${id}`, ahead + window + 1)))
        throw new OAuthError('invalid_dpop_proof', 'DPoP proof: it has been used')
    },
  }
}

/** The engine's own reading is more lenient: spaces, padding, repeated names, two headers, weak keys. */
async function readDpop(ctx: GrantContext): ReturnType<typeof validateDpop> {
  if (ctx.req.headers.dpop === undefined) return undefined
  try {
    readProof(valuesOf(ctx.req, 'dpop'), proofAlgorithms)
  } catch (cause) {
    if (!(cause instanceof InvalidJws || cause instanceof UnusableKey)) throw cause
    throw new OAuthError('invalid_dpop_proof', `DPoP proof: ${cause.message}`)
  }
  return await validateDpop(ctx.oidc.provider, ctx)
}

/** RFC 8705 section 3.1: base64url of the SHA-256 of the DER encoding. */
const certificateThumbprint = (certificate: string | X509Certificate): string =>
  sha256(
    (typeof certificate === 'string' ? new X509Certificate(certificate) : certificate).raw,
  ).toString('base64url')

const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest()
