import * as z from 'zod'
import { algorithms } from '../keys/algorithms.ts'

const units = { s: 1, m: 60, h: 3600, d: 86_400 } as const
const written = /^(\d{1,9})(s|m|h|d)$/

/**
 * A path, absolute after loading: a relative one starts at the folder of the configuration file,
 * so that every command means the same file wherever it runs.
 */
export const path = () => z.string().min(1).meta({ path: 'any' })

/** The path of a file that must be there and readable. */
export const file = () => z.string().min(1).meta({ path: 'file' })

/** A length of time in seconds, written as a number or as `30s`, `5m`, `12h`, `14d`. */
export const duration = (minimum = 1) =>
  z
    .union([
      z.number().int().min(minimum).max(315_360_000),
      z
        .string()
        .regex(written, 'write seconds as a number, or a number with s, m, h or d, such as 15m'),
    ])
    .transform((value): number => {
      if (typeof value === 'number') return value
      const [, amount, unit] = written.exec(value) ?? []
      return Number(amount) * units[unit as keyof typeof units]
    })
    .refine((value) => value >= minimum, `at least ${minimum} seconds`)

/** RFC 6749 appendix A.4: scope-token. */
export const scopeToken = z
  .string()
  .regex(
    /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/,
    'a scope has no space, quote or backslash (RFC 6749 section 3.3)',
  )

/** RFC 6749 appendix A.1: client_id is VSCHAR; a colon would end it inside Basic (RFC 7617 section 2). */
export const clientId = z
  .string()
  .regex(
    /^[\x21-\x39\x3b-\x7e]{1,255}$/,
    'printable ASCII without space and colon, at most 255 characters',
  )

/** RFC 8707 section 2: an absolute URI without a fragment. */
export const resource = z
  .string()
  .max(2048)
  .refine(
    (value) => URL.canParse(value) && !value.includes('#'),
    'an absolute URI without a fragment (RFC 8707 section 2)',
  )

/** RFC 4632 section 3.1, RFC 4291 section 2.3. */
export const network = z.union(
  [z.cidrv4(), z.cidrv6()],
  'a CIDR range, such as 10.0.0.0/8 or fd00::/8',
)

export const algorithm = z.enum(algorithms)
