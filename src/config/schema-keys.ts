import * as z from 'zod'
import { device, seal } from './schema-guard.ts'
import { duration, path } from './values.ts'

const ring = z.strictObject({
  folder: path()
    .default('keys')
    .describe('Folder of the ring of keys, for one machine; made on first start, mode 0700.'),
  store: z
    .boolean()
    .default(false)
    .describe(
      'Whether the ring is in the shared store (`state`) and not in the folder, for several machines. Its keys must then be sealed.',
    ),
  rotateEvery: duration(0)
    .prefault('30d')
    .describe(
      'How long a key signs before the next one takes its place; 0 leaves it to `latchkey keys rotate`.',
    ),
  publishAhead: duration(0)
    .prefault('24h')
    .describe(
      'How long a new key is published before it signs; 6m at least, which is how long the JWK Set may be cached.',
    ),
  seal: seal.optional(),
  device: device.optional(),
})

/** Writing the folder alone means it with every other option left out. */
export const keys = z
  .union([path().transform((folder) => ring.parse({ folder })), ring])
  .prefault('keys')
  .describe('The signing keys and the key of the refresh tokens, and when they change.')
