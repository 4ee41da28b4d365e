import { readFileSync } from 'node:fs'
import {
  AndFilter,
  type Entry,
  EqualityFilter,
  FilterParser,
  InappropriateAuthError,
  InvalidCredentialsError,
  OrFilter,
  ResultCodeError,
  UnwillingToPerformError,
} from 'ldapts'
import { bounded } from './bounded.ts'
import { AmbiguousUser, type Directory, type User } from './directory.ts'
import { connectLdap, type LdapConnection } from './ldap/connection.ts'
import { type Attributes, readEntry, valuesOf } from './ldap/entry.ts'
import { readLogin, sameName } from './names.ts'

export interface LdapOptions {
  readonly name: string
  readonly url: string
  readonly startTls: boolean
  readonly ca?: string | undefined
  readonly bindDn?: string | undefined
  readonly bindPassword?: string | undefined
  readonly baseDn: string
  /** What is a user (RFC 4515). */
  readonly filter: string
  readonly attributes: Attributes
  readonly login: readonly ('username' | 'email')[]
  readonly ignoreCase: boolean
  /** Most passwords tried at once, each on a connection of its own. */
  readonly connections: number
  /** Milliseconds a look-up may take in all. */
  readonly timeout: number
  readonly claims: Readonly<Record<string, string>>
  readonly scopes?: readonly string[] | undefined
  readonly groups?: LdapGroups | undefined
}

export interface LdapGroups {
  /** Attribute of the user that names the groups; otherwise they are searched. */
  readonly attribute?: string | undefined
  readonly baseDn?: string | undefined
  readonly filter: string
  readonly member: string
  readonly name: string
  readonly scopes?: Readonly<Record<string, readonly string[]>> | undefined
  readonly claim?: string | undefined
}

const mostEntries = 10
const longestPassword = 1024

/** Users in an LDAP tree: a search finds the entry, and a bind as that entry tries the password. */
export function openLdapDirectory(options: LdapOptions): Directory {
  const { name, attributes, baseDn, groups, timeout, connections } = options
  const within = bounded(name, { timeout, inFlight: connections * 8 })
  const binding = bounded(name, { timeout, inFlight: connections })
  const ca = options.ca === undefined ? undefined : readFileSync(options.ca, 'utf8')
  const { url, startTls } = options
  const connect = () => connectLdap({ url, startTls, ca, patience: Math.floor(timeout / 2) })
  const rules = { ...options, groupScopes: groups?.scopes, groupClaim: groups?.claim }
  const isUser = FilterParser.parseString(options.filter)
  const binary = attributes.id.toLowerCase() === 'objectguid' ? [attributes.id] : []
  const wanted = [
    ...Object.values(attributes).filter((attribute) => attribute !== undefined),
    ...Object.values(options.claims),
    ...(groups?.attribute ? [groups.attribute] : []),
  ]
  let searching: Promise<LdapConnection> | undefined

  async function openSearcher(): Promise<LdapConnection> {
    const connection = await connect()
    try {
      await connection.bind(options.bindDn ?? '', options.bindPassword ?? '')
      return connection
    } catch (error) {
      connection.end()
      throw error
    }
  }

  /** The one connection that searches; whoever finds it ended opens it again for all. */
  async function searcher(): Promise<LdapConnection> {
    const current = searching
    const open = await current?.catch(() => undefined)
    if (open?.alive()) return open
    if (searching === current) searching = openSearcher()
    return searching ?? openSearcher()
  }

  async function search(base: string, filter: AndFilter, take: string[], sizeLimit: number) {
    const connection = await searcher()
    try {
      return await connection.search(base, {
        filter,
        attributes: take,
        explicitBufferAttributes: binary,
        sizeLimit,
      })
    } catch (error) {
      if (!(error instanceof ResultCodeError)) connection.end()
      throw error
    }
  }

  const users = (filter: OrFilter | EqualityFilter) =>
    search(baseDn, new AndFilter({ filters: [isUser, filter] }), wanted, mostEntries)

  function only(entries: readonly Entry[]): Entry | undefined {
    const [entry, second] = entries
    if (second) throw new AmbiguousUser(`directory ${name}: two entries answer to one name`)
    return entry
  }

  async function entryOf(id: string): Promise<Entry | undefined> {
    const value = binary.length > 0 ? Buffer.from(id, 'hex') : id
    const found = await users(new EqualityFilter({ attribute: attributes.id, value }))
    return only(found.filter((entry) => valuesOf(entry, attributes.id)[0] === id))
  }

  async function read(entry: Entry): Promise<User> {
    return readEntry(entry, rules, groups ? await groupsOf(entry, groups) : [])
  }

  async function groupsOf(entry: Entry, { attribute, baseDn: base, ...how }: LdapGroups) {
    if (attribute !== undefined || base === undefined) return valuesOf(entry, attribute)
    const member = new EqualityFilter({ attribute: how.member, value: entry.dn })
    const filter = new AndFilter({ filters: [FilterParser.parseString(how.filter), member] })
    const found = await search(base, filter, [how.name], 1000)
    return found.flatMap((group) => valuesOf(group, how.name)[0] ?? [])
  }

  return {
    name,
    findByLogin: (typed) =>
      within(async () => {
        const login = readLogin(typed)
        if (login === undefined) return undefined
        const names = options.login.map((kind) => attributes[kind])
        const found = await users(
          new OrFilter({
            filters: names.map((attribute) => new EqualityFilter({ attribute, value: login })),
          }),
        )
        if (found.length >= mostEntries) {
          throw new AmbiguousUser(`directory ${name}: too many entries answer to one name`)
        }
        const entry = only(
          found.filter((one) =>
            names.some((attribute) =>
              valuesOf(one, attribute).some((value) => sameName(value, login, options.ignoreCase)),
            ),
          ),
        )
        return entry && (await read(entry))
      }),
    findById: (id) =>
      within(async () => {
        const entry = await entryOf(id)
        return entry && (await read(entry))
      }),
    checkPassword: (user, password) =>
      binding(async () => {
        // RFC 4513 section 5.1.2: a bind without a password succeeds, as nobody.
        if (password === '' || Buffer.byteLength(password) > longestPassword) return false
        const entry = await entryOf(user.id)
        if (!entry?.dn) return false
        const connection = await connect()
        try {
          await connection.bind(entry.dn, password)
          return true
        } catch (error) {
          if (isRefusal(error)) return false
          throw error
        } finally {
          connection.end()
        }
      }),
    check: () =>
      within(async () => {
        const nobody = new EqualityFilter({ attribute: attributes.id, value: 'latchkey' })
        await users(nobody)
      }),
    async close() {
      const open = await searching?.catch(() => undefined)
      open?.end()
    },
  }
}

/** Wrong, or an entry that cannot log in: without a password, or locked by the server's policy. */
const isRefusal = (error: unknown): boolean =>
  error instanceof InvalidCredentialsError ||
  error instanceof InappropriateAuthError ||
  error instanceof UnwillingToPerformError
