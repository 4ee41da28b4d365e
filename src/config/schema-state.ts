import * as z from 'zod'
import { file } from './values.ts'

const url = z
  .string()
  .refine(
    (value) => /^sqlite:./.test(value) || (/^rediss?:\/\/./.test(value) && URL.canParse(value)),
    'write sqlite:PATH, redis://HOST:PORT or rediss://HOST:PORT (a password in it percent-encoded)',
  )
  .meta({ path: 'sqlite' })

const store = z.strictObject({
  url: url.describe('sqlite:PATH, redis://… or rediss://…'),
  prefix: z
    .string()
    .regex(/^[\w:-]{1,32}$/, 'letters, digits, _, : and -, at most 32')
    .default('latchkey')
    .describe('Redis: what every key begins with.'),
  sentinel: z
    .strictObject({
      name: z.string().describe('Name of the master set.'),
      hosts: z
        .array(z.string().regex(/^.+:\d+$/, 'host:port'))
        .min(1)
        .describe('Sentinels, host:port.'),
    })
    .optional()
    .describe('Redis Sentinel; credentials and database come from `url`.'),
  cluster: z
    .array(z.string().regex(/^.+:\d+$/, 'host:port'))
    .min(1)
    .optional()
    .describe('Redis Cluster: some of its nodes, host:port.'),
  replicas: z
    .number()
    .int()
    .min(0)
    .max(10)
    .default(0)
    .describe(
      'Redis: how many replicas must have a revocation before it is acknowledged (WAIT); 503 otherwise.',
    ),
  replicaTimeout: z
    .number()
    .int()
    .min(10)
    .max(2000)
    .default(200)
    .describe('Redis: how long to wait for them, in milliseconds.'),
  timeout: z
    .number()
    .int()
    .min(50)
    .max(5000)
    .default(1000)
    .describe(
      'Redis: how long a command may take, in milliseconds, before its outcome counts as unknown (503).',
    ),
  ca: file().optional().describe('rediss: path of the authority to trust, PEM.'),
  allowUnsafePersistence: z
    .boolean()
    .default(false)
    .describe(
      'Redis: start although keys may be evicted or no append-only file is kept. Revocations can then be lost.',
    ),
})

/** Writing the URL alone means the store with every other option left out. */
export const state = z
  .union([url.transform((url) => store.parse({ url })), store])
  .prefault('sqlite:data/state.sqlite')
  .describe(
    'The store for refresh families and revocations: SQLite on one machine, Redis or Valkey for several.',
  )
