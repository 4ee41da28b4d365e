import * as z from 'zod'
import {
  claims,
  directoryName,
  directoryTimeout,
  groupClaim,
  groupScopes,
  isLoopbackHost,
  subjectPrefix,
  userScopes,
} from './schema-users-values.ts'
import { file } from './values.ts'

const attribute = z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, 'the name of an attribute')
const filter = z.string().regex(/^\(.+\)$/s, 'a filter in parentheses (RFC 4515)')

const attributes = z
  .strictObject({
    id: attribute
      .default('entryUUID')
      .describe('Never changes for an account; becomes `sub`. Active Directory: objectGUID.'),
    username: attribute.default('uid').describe('Active Directory: sAMAccountName.'),
    email: attribute.default('mail').describe('E-mail address.'),
    fullName: attribute.default('cn').describe('Name for people.'),
    disabled: attribute
      .optional()
      .describe(
        'The user may not log in when this is true or holds a time. Of userAccountControl it is the bit ACCOUNTDISABLE.',
      ),
    passwordChangedAt: attribute
      .optional()
      .describe(
        'When the password last changed: pwdChangedTime, or pwdLastSet of Active Directory.',
      ),
    scopes: attribute.optional().describe('Scopes the user may have.'),
  })
  .prefault({})
  .describe('Which attribute says what.')

const groups = z
  .strictObject({
    attribute: attribute
      .optional()
      .describe('Attribute of the user that names the groups, such as memberOf: whole DNs.'),
    baseDn: z.string().min(1).optional().describe('Where groups are searched instead.'),
    filter: filter.default('(objectClass=groupOfNames)').describe('What is a group.'),
    member: attribute.default('member').describe('Attribute of a group with the DN of a member.'),
    name: attribute.default('cn').describe('Attribute of a group with its name.'),
    scopes: groupScopes,
    claim: groupClaim,
  })
  .optional()
  .describe('Groups of users, for scopes and for a claim.')

export const ldapDirectory = z
  .strictObject({
    type: z
      .literal('ldap')
      .describe('Users in an LDAP tree: a search finds the entry, a bind tries the password.'),
    name: directoryName.default('ldap'),
    subjectPrefix,
    url: z
      .string()
      .refine(
        (url) => /^ldaps?:\/\/[^/]+\/?$/.test(url) && URL.canParse(url),
        'ldaps://HOST or ldap://HOST',
      )
      .describe('ldaps://HOST[:PORT], or ldap://HOST[:PORT] with `startTls`.'),
    startTls: z.boolean().default(false).describe('Whether ldap:// is turned into TLS first.'),
    ca: file().optional().describe('Path of the authority to trust, PEM.'),
    bindDn: z.string().min(1).optional().describe('Who searches; nobody (anonymous), if left out.'),
    bindPassword: z.string().min(1).optional().describe('The password of `bindDn`.'),
    baseDn: z.string().min(1).describe('Where users are searched, with everything below.'),
    filter: filter.default('(objectClass=person)').describe('What is a user.'),
    attributes,
    login: z
      .array(z.enum(['username', 'email']))
      .min(1)
      .default(['username'])
      .describe('What people may type as their name.'),
    ignoreCase: z
      .boolean()
      .default(true)
      .describe(
        'Whether upper and lower case are the same, as they are for the server. Accents never are.',
      ),
    connections: z
      .number()
      .int()
      .min(1)
      .max(100)
      .default(8)
      .describe('Most passwords tried at once, each on a connection of its own.'),
    timeout: directoryTimeout,
    claims,
    scopes: userScopes,
    groups,
  })
  .superRefine((value, context) => {
    const say = (path: string[], message: string) =>
      context.addIssue({ code: 'custom', path, message })
    const url = new URL(value.url)
    if (url.protocol === 'ldap:' && !value.startTls && !isLoopbackHost(url.hostname)) {
      say(
        ['startTls'],
        'passwords would cross the network in the clear: write true, or use ldaps://',
      )
    }
    if (url.protocol === 'ldaps:' && value.startTls)
      say(['startTls'], 'leave it out: ldaps:// is TLS')
    if ((value.bindDn === undefined) !== (value.bindPassword === undefined)) {
      say(['bindDn'], 'write both `bindDn` and `bindPassword`, or neither')
    }
    const { groups } = value
    if (groups && (groups.attribute === undefined) === (groups.baseDn === undefined)) {
      say(['groups'], 'write either `attribute` or `baseDn`')
    }
  })
