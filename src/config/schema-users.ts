import { z } from 'zod'

const embedded = z.strictObject({
  type: z
    .literal('embedded')
    .describe('A users table of Latchkey’s own, managed by `latchkey user`.'),
  name: z.string().default('embedded').describe('Name in logs.'),
  path: z.string().default('data/users.sqlite').describe('SQLite file.'),
})

export const usersSchema = z
  .array(z.discriminatedUnion('type', [embedded]))
  .min(1)
  .default([{ type: 'embedded', name: 'embedded', path: 'data/users.sqlite' }])
  .describe('Where users are looked up, in this order.')
export type DirectoryConfig = z.output<typeof usersSchema>[number]
