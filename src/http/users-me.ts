import type { Middleware } from 'koa'
import { BearerError, challenge } from '../resource-server/index.ts'
import type { Directory } from '../users/directory.ts'

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
