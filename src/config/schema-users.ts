import * as z from 'zod'
import { httpDirectory } from './schema-users-http.ts'
import { ldapDirectory } from './schema-users-ldap.ts'
import { sqlDirectory } from './schema-users-sql.ts'
import { claims, directoryName, subjectPrefix, userScopes } from './schema-users-values.ts'
import { path } from './values.ts'

const embeddedDirectory = z.strictObject({
  type: z
    .literal('embedded')
    .describe('A users table of Latchkey’s own, managed by `latchkey user`.'),
  name: directoryName.default('embedded'),
  subjectPrefix,
  path: path().default('data/users.sqlite').describe('SQLite file.'),
  claims,
  scopes: userScopes,
})

export const usersSchema = z
  .array(
    z.discriminatedUnion('type', [embeddedDirectory, sqlDirectory, ldapDirectory, httpDirectory]),
  )
  .min(1)
  .max(16)
  .superRefine((directories, context) => {
    for (const [index, { subjectPrefix: prefix }] of directories.entries()) {
      if (index === 0) continue
      const earlier = directories.slice(0, index).map((one) => one.subjectPrefix)
      const message =
        prefix === ''
          ? 'missing: every directory but the first needs one, such as `staff:`'
          : 'another directory has a prefix that begins the same: choose another one'
      const overlaps = earlier.some(
        (other) => other !== '' && (other.startsWith(prefix) || prefix.startsWith(other)),
      )
      if (prefix === '' || overlaps) {
        context.addIssue({ code: 'custom', path: [index, 'subjectPrefix'], message })
      }
    }
  })
  .prefault([{ type: 'embedded' }])
  .describe(
    'Where users are looked up, in this order. The first directory that has a login name decides about it, alone.',
  )
export type DirectoryConfig = z.output<typeof usersSchema>[number]
