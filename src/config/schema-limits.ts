import * as z from 'zod'
import { duration, network } from './values.ts'

export const passwords = z
  .strictObject({
    running: z
      .number()
      .int()
      .min(1)
      .max(64)
      .optional()
      .describe(
        'Password hashes computed at once on this machine, by all workers; the number of processors, if left out, and never more.',
      ),
    queue: z
      .number()
      .int()
      .min(0)
      .max(1000)
      .default(32)
      .describe(
        'Logins that may wait for their turn; with one more, the longest line of a client and network loses its last: 503.',
      ),
    wait: z
      .number()
      .int()
      .min(50)
      .max(10_000)
      .default(1000)
      .describe('How long a login may wait for its turn, in milliseconds; then 503.'),
    hash: z
      .strictObject({
        memory: z
          .number()
          .int()
          .min(8192)
          .max(262_144)
          .default(19_456)
          .describe('argon2id memory in KiB.'),
        iterations: z.number().int().min(1).max(10).default(2).describe('argon2id passes.'),
        parallelism: z.number().int().min(1).max(8).default(1).describe('argon2id lanes.'),
      })
      .prefault({})
      .describe('Parameters of new hashes, and of the dummy hash that an unknown user costs.'),
    allowWeak: z
      .array(z.string())
      .default([])
      .describe(
        'Weak formats that may be verified all the same, by name (`latchkey inspect-hashes` names them).',
      ),
    pepper: z
      .string()
      .min(1)
      .optional()
      .describe('Pepper of Devise (config.pepper): every bcrypt hash is then taken to have it.'),
    firebase: z
      .strictObject({
        signerKey: z.base64().describe('base64_signer_key.'),
        saltSeparator: z.base64().describe('base64_salt_separator.'),
        rounds: z.number().int().min(1).max(64).describe('rounds.'),
        memoryCost: z.number().int().min(1).max(20).describe('mem_cost.'),
      })
      .optional()
      .describe('Password hash parameters of a Firebase project, as its console shows them.'),
    custom: z
      .array(
        z.strictObject({
          name: z
            .string()
            .regex(/^[a-z0-9-]{1,40}$/)
            .describe('Name of the scheme, for allowWeak and metrics.'),
          digest: z.enum(['md5', 'sha1', 'sha256', 'sha384', 'sha512']).describe('Digest.'),
          input: z
            .array(z.enum(['salt', 'password', 'pepper']))
            .min(1)
            .max(5)
            .describe('What is digested, in this order.'),
          hmacKey: z
            .enum(['salt', 'password', 'pepper'])
            .optional()
            .describe('Makes it an HMAC with this key over `input`.'),
          iterations: z
            .number()
            .int()
            .min(1)
            .optional()
            .describe('Digests in all, each after the first of the raw digest before it.'),
          encoding: z.enum(['hex', 'base64']).describe('How the digest is written.'),
          prefix: z.string().max(32).optional().describe('What the stored string begins with.'),
          stored: z
            .enum(['salt-digest', 'digest-salt', 'digest'])
            .describe('Order of salt and digest in the stored string.'),
          separator: z.string().min(1).max(4).optional().describe('Between the two; `$`.'),
          salt: z
            .enum(['text', 'hex', 'base64'])
            .optional()
            .describe('How the salt is written; `text` if it is the bytes themselves.'),
          pepper: z.string().min(1).optional().describe('The pepper.'),
        }),
      )
      .max(8)
      .optional()
      .describe('Home-made schemes. A salt in a column of its own is joined by the query.'),
  })
  .prefault({})
  .describe('How passwords are verified.')

const whole = (fallback: number) => z.number().int().min(1).default(fallback)

/** Defaults of a limit whose delays grow. */
const slow = (by: { free: number; longest: string; forget: string }) =>
  z
    .strictObject({
      free: whole(by.free).describe('Wrong passwords that cost no delay.'),
      delay: duration().prefault('1s').describe('The first delay; it doubles with each one more.'),
      longest: duration().prefault(by.longest).describe('The longest delay.'),
      most: whole(100).describe(
        'Wrong passwords in all; then none is looked at before `forget` is over.',
      ),
      forget: duration()
        .prefault(by.forget)
        .describe('How long after the last wrong password all of them are forgotten.'),
    })
    .refine(
      ({ delay, longest }) => delay <= longest,
      'delay is the first: make it no longer than longest',
    )
    .refine(({ longest, forget }) => longest < forget, 'longest must be shorter than forget')
    .refine(({ free, most }) => free <= most, 'most counts those that are free: make it no less')
    .prefault({})

const within = (limit: number) =>
  z
    .strictObject({
      limit: whole(limit).describe('How many.'),
      window: duration().prefault('5m').describe('Time after which the count starts anew.'),
    })
    .prefault({})

export const throttle = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Whether guesses are counted and slowed down.'),
    exempt: z
      .array(network)
      .default([])
      .describe(
        'CIDR ranges from which guesses are not counted, such as that of a service with limits of its own.',
      ),
    account: slow({ free: 5, longest: '1h', forget: '6h' }).describe(
      'Wrong passwords for one account from where it has not logged in before, all together.',
    ),
    known: slow({ free: 10, longest: '1m', forget: '1h' }).describe(
      'Wrong passwords for one account from one origin of its own: a network (/24, IPv6 /64) and client, or a device that proves its key, that it has logged in from. Nothing else limits logins from there.',
    ),
    knownFor: duration()
      .prefault('30d')
      .describe('How long an origin is known after the last login from there.'),
    address: within(30).describe(
      'Wrong passwords from one address (IPv6: /64), whatever the account.',
    ),
    network: within(120).describe('Wrong passwords from one network (/24, IPv6 /48).'),
    client: within(3000).describe(
      'Wrong passwords through one client from unknown origins, all together.',
    ),
    secret: within(30).describe('Wrong secrets for one client from one address (IPv6: /64).'),
  })
  .prefault({})
  .describe('Limits on guessing (RFC 6749 sections 2.3.1 and 10.10): docs/throttling.md.')
