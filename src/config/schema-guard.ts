import * as z from 'zod'
import { algorithm, path } from './values.ts'

const passphrase = z
  .string()
  .min(16, 'at least 16 characters')
  .max(1024)
  .describe('Words that a key is derived from, by scrypt.')
const key = z
  .string()
  .regex(/^[A-Za-z0-9+/_-]{43}=?$/, '32 bytes in base64: make them by openssl rand -base64 32')
  .describe('32 random bytes in base64: `openssl rand -base64 32`. Costs no time at start.')

const formerly = z
  .array(z.union([z.strictObject({ passphrase }), z.strictObject({ key })]))
  .max(4)
  .default([])
  .describe('What keys were sealed with before, until `latchkey keys reseal` has run.')

/** Of the keys: what their private halves are encrypted with. */
export const seal = z
  .union([z.strictObject({ passphrase, formerly }), z.strictObject({ key, formerly })])
  .describe(
    'Encrypts private keys at rest (AES-256-GCM), by a passphrase or by a key of yours, from the environment or a file: never kept beside the keys. Required where keys are in the store.',
  )

/** Of the keys: who else holds their private halves. */
export const device = z
  .strictObject({
    socket: path().describe('Unix socket of the process that signs (docs/key-protection.md).'),
    timeout: z
      .number()
      .int()
      .min(50)
      .max(10_000)
      .default(2000)
      .describe('Milliseconds to wait for a signature; then the answer is 503.'),
    algorithms: z
      .array(algorithm)
      .min(1)
      .optional()
      .describe('Those whose keys it makes; the others are made here. All, if left out.'),
  })
  .describe(
    'Keeps private keys in a device, such as an HSM: new keys are made there and never leave it.',
  )
