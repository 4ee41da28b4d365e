import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect } from 'chai'
import packageJson from '../package.json' with { type: 'json' }

/** What each room of src/ may import beside itself. Nothing imports upward (ADR 0001). */
const rooms: Readonly<Record<string, readonly string[]>> = {
  'cli.ts': ['commands'],
  commands: [
    'service.ts',
    'config',
    'http',
    'tokens',
    'clients',
    'users',
    'passwords',
    'keys',
    'state',
  ],
  'service.ts': ['parts.ts', 'config', 'http', 'oauth'],
  'parts.ts': [
    'application.ts',
    'config',
    'http',
    'oauth',
    'tokens',
    'clients',
    'users',
    'passwords',
    'keys',
    'state',
  ],
  'application.ts': [
    'config',
    'http',
    'oauth',
    'resource-server',
    'tokens',
    'clients',
    'users',
    'keys',
    'state',
  ],
  // The lists that options choose from: algorithms, kinds of secret, presets of user tables.
  config: ['keys', 'clients', 'users'],
  http: ['oauth', 'resource-server', 'tokens', 'clients', 'users', 'keys'],
  // Proofs and assertions are read as strictly at our doors as at those of an API.
  oauth: ['resource-server', 'tokens', 'clients', 'users', 'keys', 'state'],
  // A token is live while its user is in good standing.
  tokens: ['users', 'keys', 'state'],
  clients: ['keys', 'state'],
  users: ['passwords', 'state'],
  passwords: [],
  keys: [],
  state: [],
  'resource-server': [],
}

/** The files or folders of src/ that may import a package: one door per dependency. */
const doors: Readonly<Record<string, readonly string[]>> = {
  '@koa/router': ['http/'],
  '@node-rs/argon2': ['passwords/loops/argon2.ts'],
  '@node-rs/bcrypt': ['passwords/bcrypt.ts'],
  argon2: ['passwords/argon2.ts'],
  commander: ['commands/', 'cli.ts'],
  ioredis: ['state/redis.ts'],
  // In keys/ it is the type of a JWK alone.
  jose: ['resource-server/', 'keys/key-set.ts'],
  koa: ['http/', 'oauth/'],
  'koa-bodyparser': ['oauth/body.ts'],
  kysely: ['users/'],
  ldapts: ['users/ldap'],
  mysql2: ['users/sql/'],
  'node:sqlite': ['state/sqlite', 'users/'],
  'oidc-provider': ['oauth/'],
  pg: ['users/sql/'],
  pino: ['http/log'],
  'pino-pretty': ['http/log-output.ts'],
  'prom-client': ['http/metrics'],
  yaml: ['config/', 'commands/client-entries.ts'],
  zod: ['config/', 'keys/ring-document.ts'],
}

/** Why a file may be longer than 200 lines. */
const longFiles: Readonly<Record<string, string>> = {
  'state/state.ts': 'the contract of all stores, with what each method promises',
}

interface Source {
  /** Below src/. */
  readonly path: string
  readonly text: string
  readonly imports: readonly string[]
}

const src = new URL('../src/', import.meta.url).pathname
const statement = /^(?:import|export)\s[^'"`=(]*?\bfrom '([^']+)'/gm
const sideEffect = /^import '([^']+)'/gm
const dynamic = /\bimport\('([^']+)'/g

const sources = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path): Source => {
    const text = readFileSync(join(src, path), 'utf8')
    const imports = [statement, sideEffect, dynamic].flatMap((pattern) =>
      [...text.matchAll(pattern)].map(([, specifier = '']) => specifier),
    )
    return { path, text, imports }
  })

const roomOf = (path: string) => path.split('/')[0] ?? path
const packageOf = (specifier: string) =>
  specifier.startsWith('node:')
    ? specifier
    : specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/')
const isRelative = (specifier: string) => specifier.startsWith('.')

/** One line for every file that breaks the rule. */
const faults = (rule: (source: Source) => readonly string[]) =>
  sources.flatMap((source) => rule(source).map((fault) => `${source.path} ${fault}`))

describe('the architecture', () => {
  it('has read the sources', () => {
    expect(sources.length).to.be.above(50)
    expect(sources.flatMap(({ imports }) => imports).length).to.be.above(200)
  })

  it('has no room that imports upward', () => {
    const upward = faults(({ path, imports }) => {
      const room = roomOf(path)
      const allowed = [room, ...(rooms[room] ?? [])]
      return imports
        .filter(isRelative)
        .map((specifier) => normalize(join(dirname(path), specifier)))
        .filter((target) => !allowed.includes(roomOf(target)))
        .map((target) => `imports ${target}`)
    })
    expect(upward).to.deep.equal([])
  })

  it('has one door per dependency', () => {
    const elsewhere = faults(({ path, imports }) =>
      imports
        .filter((specifier) => !isRelative(specifier))
        .map(packageOf)
        .filter((name) => name in doors || !name.startsWith('node:'))
        .filter((name) => !doors[name]?.some((door) => path.startsWith(door)))
        .map((name) => `imports ${name}`),
    )
    expect(elsewhere).to.deep.equal([])
  })

  it('takes the default alone of a package that is read late: of CommonJS the bundle gives no other', () => {
    // Those are no part of it.
    const named = /\{(?! default: \w+ \})[^{}]*\} = await import\('(?!\.|argon2'|@node-rs\/)[^']+'/g
    expect(faults(({ text }) => text.match(named) ?? [])).to.deep.equal([])
  })

  it('keeps no dependency that nothing imports', () => {
    const imported = new Set(sources.flatMap(({ imports }) => imports.map(packageOf)))
    const idle = Object.keys(packageJson.dependencies).filter((name) => !imported.has(name))
    expect(idle).to.deep.equal([])
  })

  it('gives the resource-server SDK nothing but jose and Node', () => {
    const other = faults(({ path, imports }) =>
      imports.filter(
        (specifier) =>
          roomOf(path) === 'resource-server' &&
          !isRelative(specifier) &&
          !specifier.startsWith('node:') &&
          specifier !== 'jose',
      ),
    )
    expect(other).to.deep.equal([])
  })

  it('has no file past 200 lines without a reason', () => {
    const long = faults(({ path, text }) => {
      const lines = text.split('\n').length - 1
      return lines > 200 && !longFiles[path] ? [`has ${lines} lines`] : []
    })
    expect(long).to.deep.equal([])
    const forgiven = Object.keys(longFiles).filter(
      (path) =>
        !sources.some((source) => source.path === path && source.text.split('\n').length > 201),
    )
    expect(forgiven, 'listed, but not long').to.deep.equal([])
  })

  it('has no default export', () => {
    expect(faults(({ text }) => text.match(/^export default\b/m) ?? [])).to.deep.equal([])
  })

  it('writes to the console in commands alone', () => {
    const writes = faults(({ path, text }) =>
      ['commands', 'cli.ts'].includes(roomOf(path)) ? [] : (text.match(/\bconsole\.\w+\(/g) ?? []),
    )
    expect(writes).to.deep.equal([])
  })

  it('names files by what they are', () => {
    const empty = /\b(?:abstract|base|common|helpers?|impl|lib|managers?|misc|shared|utils?)\b/
    expect(faults(({ path }) => path.match(empty) ?? [])).to.deep.equal([])
  })

  it('checks types everywhere', () => {
    const unchecked =
      /@ts-(?:ignore|expect-error|nocheck)|\bas unknown as\b|[:<]\s*any\b|\bas any\b/g
    expect(faults(({ text }) => text.match(unchecked) ?? [])).to.deep.equal([])
  })
})
