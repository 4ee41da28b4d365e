import * as z from 'zod'
import { scopeToken } from './values.ts'

export const directoryName = z
  .string()
  .regex(/^[\w-]{1,32}$/, 'letters, digits, _ and -, at most 32')
  .describe('Name in logs.')

export const subjectPrefix = z
  .string()
  .regex(/^([\w.-]{1,30}[:/])?$/, 'letters, digits, ., _ and -, ended by : or /')
  .default('')
  .describe(
    'Put before the ids of these users to make `sub`. Every directory but the first needs one, so that two users never share a `sub`.',
  )

export const directoryTimeout = z
  .number()
  .int()
  .min(100)
  .max(10_000)
  .default(2000)
  .describe('How long a look-up may take in all, in milliseconds, before the answer is 503.')

/** Claims that are the token's own (RFC 7519 section 4.1, RFC 9068 section 2.2, RFC 8693 section 4, RFC 9449, RFC 7800). */
const reserved = new Set(
  'iss sub aud exp nbf iat jti client_id scope cnf act may_act auth_time acr amr nonce azp sid events status'.split(
    ' ',
  ),
)

export const claimName = z
  .string()
  .min(1)
  .max(128)
  .refine((name) => !reserved.has(name), 'this claim is the token’s own: choose another name')

export const claims = z
  .record(claimName, z.string().min(1).max(128))
  .default({})
  .describe('Claim -> column or attribute. What stands here goes into tokens, nothing else does.')

export const userScopes = z
  .array(scopeToken)
  .optional()
  .describe(
    'Scopes every user of this directory may have. Without this, a scopes column and group scopes, users are not restricted.',
  )

export const groupScopes = z
  .record(z.string().min(1), z.array(scopeToken))
  .optional()
  .describe('Name of a group -> scopes its members may have.')

export const groupClaim = claimName.optional().describe('Claim that lists the groups of a user.')

/** A remote server that passwords are sent to in the clear is a fault, unless it is this machine. */
export function isLoopbackHost(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/.test(host)
}
