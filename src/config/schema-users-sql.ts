import * as z from 'zod'
import { type Preset, presetNames, presets } from '../users/sql/presets.ts'
import {
  claims,
  directoryName,
  directoryTimeout,
  groupClaim,
  groupScopes,
  subjectPrefix,
  userScopes,
} from './schema-users-values.ts'
import { file } from './values.ts'

const column = z.string().min(1).max(128)
const table = z
  .string()
  .max(128)
  .regex(/^[^.]+(\.[^.]+)?$/, 'a table, or schema.table')

const columns = z
  .strictObject({
    id: column.optional().describe('Never changes for an account; becomes `sub`.'),
    username: column.optional().describe('Name of the user.'),
    password: column.optional().describe('Stored password hash, in any format we know.'),
    email: column.optional().describe('E-mail address.'),
    fullName: z
      .union([column, z.array(column).min(1).max(4)])
      .optional()
      .describe('Name for people; several columns are joined with a space.'),
    active: column.optional().describe('The user may log in when this is true.'),
    disabled: column
      .optional()
      .describe('The user may not log in when this is true, or holds a time.'),
    disabledUntil: column.optional().describe('The user may not log in before this time.'),
    scopes: column
      .optional()
      .describe('Scopes the user may have, between spaces or commas, or a JSON array.'),
    passwordChangedAt: column
      .optional()
      .describe('When the password last changed: earlier logins end. Without a zone it is UTC.'),
    usernameFolded: column
      .optional()
      .describe('The username in upper or lower case, indexed; looked up when case is ignored.'),
    emailFolded: column
      .optional()
      .describe('The e-mail address in upper or lower case, indexed, likewise.'),
  })
  .prefault({})
  .describe('Which column says what; each one overrides the preset.')

const groups = z
  .strictObject({
    members: z
      .strictObject({
        table: table.describe('Table that says which user is in which group.'),
        user: column.describe('Its column with the id of the user.'),
        group: column.describe('Its column with the id, or the name, of the group.'),
      })
      .optional()
      .describe('Membership; a preset may know it.'),
    names: z
      .strictObject({
        table: table.describe('Table of the groups.'),
        id: column.describe('Its column that `members.group` refers to.'),
        name: column.describe('Its column with the name.'),
      })
      .optional()
      .describe('Where groups have their names, when `members.group` is not the name itself.'),
    scopes: groupScopes,
    claim: groupClaim,
  })
  .optional()
  .describe('Groups of users, for scopes and for a claim.')

const query = z
  .strictObject({
    byLogin: ownSelect('login').describe('A SELECT that finds a user by `:login`.'),
    byId: ownSelect('id').describe('A SELECT with the same columns that finds a user by `:id`.'),
  })
  .optional()
  .describe('SELECTs of your own instead of a table; `columns` names their columns.')

function ownSelect(parameter: string) {
  return z
    .string()
    .regex(/^\s*(select|with)\b/i, 'a SELECT')
    .refine((text) => !text.includes(';'), 'one statement, without a semicolon')
    .refine(
      (text) => new RegExp(`(?<![:\\w]):${parameter}\\b`).test(text),
      `it must use the parameter :${parameter}`,
    )
}

export const sqlDirectory = z
  .strictObject({
    type: z
      .literal('sql')
      .describe(
        'Users in a table of yours: PostgreSQL, MySQL, MariaDB or SQLite. It is read only.',
      ),
    name: directoryName.default('sql'),
    subjectPrefix,
    url: z
      .string()
      .refine(
        (url) =>
          /^sqlite:./.test(url) || (/^(postgres(ql)?|mysql):\/\/./.test(url) && URL.canParse(url)),
        'write postgres://USER:PASSWORD@HOST/DATABASE, mysql://… (MariaDB too) or sqlite:PATH, the password percent-encoded',
      )
      .meta({ path: 'sqlite' })
      .describe(
        'postgres://…, mysql://… (MariaDB too) or sqlite:PATH. `?sslmode=require` turns TLS on, always with verification; `?socket=PATH` is a unix socket of MySQL, `?host=FOLDER` one of PostgreSQL.',
      ),
    ca: file().optional().describe('Path of the authority to trust, PEM; turns TLS on.'),
    connections: z
      .number()
      .int()
      .min(1)
      .max(100)
      .default(8)
      .describe('Most connections to the database at once.'),
    timeout: directoryTimeout,
    preset: z
      .enum(presetNames)
      .optional()
      .describe('The table as a framework makes it. Everything below overrides the preset.'),
    table: table.optional().describe('Table, or schema.table.'),
    columns,
    login: z
      .array(z.enum(['username', 'email']))
      .min(1)
      .optional()
      .describe('What people may type as their name; `[username]`, if left out.'),
    ignoreCase: z
      .boolean()
      .optional()
      .describe('Whether upper and lower case in usernames are the same. Accents never are.'),
    ignoreEmailCase: z.boolean().optional().describe('The same for e-mail addresses.'),
    activeValues: z
      .array(z.string())
      .min(1)
      .optional()
      .describe('Values of `columns.active` that mean active, when it is not a boolean.'),
    where: z
      .record(column, z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .default({})
      .describe('Column -> value that a row must have to be a user, such as `deleted_at: null`.'),
    claims,
    scopes: userScopes,
    groups,
    query,
    rehash: z
      .boolean()
      .default(false)
      .describe(
        'Whether a login replaces an old password hash by argon2id. The only thing that is ever written to your table; your application must be able to read it.',
      ),
    rehashTo: z
      .literal('argon2')
      .optional()
      .describe('Says that your application reads argon2id; the presets django and tutorial do.'),
  })
  .superRefine((value, context) => {
    const say = (path: string[], message: string) =>
      context.addIssue({ code: 'custom', path, message })
    const preset: Partial<Preset> = value.preset ? presets[value.preset] : {}
    const named = { ...preset.columns, ...value.columns }
    const own = value.query !== undefined
    const tls = value.ca !== undefined || /[?&]sslmode=(require|verify)/.test(value.url)
    if (tls && /^mysql:.*(@|\/\/)(\d+\.\d+\.\d+\.\d+|\[[^\]]*\])[:/]/.test(value.url)) {
      say(['url'], 'TLS to MySQL verifies names alone: write the name of the host, not its address')
    }
    if (own && (value.preset || value.table)) {
      say(['query'], 'leave out `preset` and `table`: the query names its tables')
    }
    if (!own && !value.preset && !value.table) {
      say([], 'write `preset`, `table` with `columns`, or `query` with `columns`')
    }
    for (const needed of ['id', 'username', 'password'] as const) {
      if (!named[needed]) say(['columns', needed], 'missing: write the name of a column')
    }
    if ((value.login ?? preset.login)?.includes('email') && !named.email) {
      say(['columns', 'email'], 'missing: people log in by it')
    }
    if (value.activeValues && !named.active)
      say(['activeValues'], 'name the column `columns.active`')
    if (value.groups && !value.groups.members && !preset.groups) {
      say(['groups', 'members'], 'missing: write the table of memberships')
    }
    if (value.rehash && own) say(['rehash'], 'a query is only read: leave it out, or write `table`')
    if (value.rehash && !value.rehashTo && !preset.rehashTo) {
      say(
        ['rehash'],
        'write `rehashTo: argon2` if your application reads argon2id, or leave it out',
      )
    }
  })
