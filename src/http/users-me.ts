import type { Context, Middleware } from 'koa'
import { type CertificateSource, clientCertificate } from '../oauth/certificate.ts'
import {
  type AccessTokenVerifier,
  BearerError,
  challenge,
  koaAccessToken,
} from '../resource-server/index.ts'
import type { Directory } from '../users/directory.ts'

/** The resource server SDK, with the eyes of this server for certificates that come through a proxy. */
export const protectProfile = (
  verifier: AccessTokenVerifier,
  realm: string,
  certificates: CertificateSource = {},
) =>
  koaAccessToken(verifier, {
    realm,
    certificate: (ctx: Context) => clientCertificate(ctx, certificates)?.x509.raw,
  })

/** The user of the token, as in the tutorial: username, email, full_name, disabled. After the access token has been checked. */
export function usersMe(users: Directory, realm: string): Middleware {
  return async (ctx) => {
    const { sub } = ctx.state.accessToken as { sub: string }
    const user = await users.findById(sub)
    if (user === undefined || user.disabled) {
      const error = new BearerError('invalid_token', 'the token is of no user')
      ctx.status = 401
      ctx.set('WWW-Authenticate', challenge(error, { realm }))
      ctx.body = { error: 'invalid_token', error_description: 'there is no such user' }
      return
    }
    ctx.set('Cache-Control', 'no-store')
    ctx.body = {
      username: user.username,
      email: user.email ?? null,
      full_name: user.fullName ?? null,
      disabled: user.disabled,
    }
  }
}
