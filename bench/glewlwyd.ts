import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { freePort } from '../test/parts/port.ts'
import type { Manner } from './manner.ts'
import { type Program, startProgram } from './subject.ts'

/**
 * glewlwyd, an OAuth 2 and OpenID Connect server in C (Debian's package `glewlwyd`), over SQLite and
 * without a log: one plug-in, `bench`, with ES256 and refresh tokens for one use, as its administration
 * API takes it. Its passwords are PBKDF2 (HMAC-SHA-256), so they stand beside nobody's argon2.
 */
export const glewlwydManner: Manner = {
  jwks: '/jwks',
  metadata: '/.well-known/openid-configuration',
  confidential: true,
}

const modules = '/usr/lib/glewlwyd'
/** What the package gives to dbconfig-common: tables, and an administrator. */
const tables = '/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3'
const administrator = { username: 'admin', password: 'password' }

/** How glewlwyd is started with the database of a folder that setUpGlewlwyd has seen. */
export function glewlwydProgram(folder: string, port: number): Program {
  const file = join(folder, `glewlwyd-${port}.conf`)
  const settings = {
    bind_address: '127.0.0.1',
    external_url: `http://127.0.0.1:${port}`,
    login_url: 'login.html',
    api_prefix: 'api',
    log_mode: 'console',
    log_level: 'NONE',
    cookie_domain: '127.0.0.1',
    session_key: 'session',
    admin_scope: 'g_admin',
    profile_scope: 'g_profile',
    hash_algorithm: 'SHA512',
    user_module_path: join(modules, 'user'),
    user_middleware_module_path: join(modules, 'user_middleware'),
    client_module_path: join(modules, 'client'),
    user_auth_scheme_module_path: join(modules, 'scheme'),
    plugin_module_path: join(modules, 'plugin'),
  }
  const lines = [
    `port=${port}`,
    'cookie_secure=0',
    ...Object.entries(settings).map(([name, value]) => `${name}=${JSON.stringify(value)}`),
    `database = { type = "sqlite3"; path = ${JSON.stringify(join(folder, 'glewlwyd.db'))} };`,
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  return {
    command: 'glewlwyd',
    args: ['--config-file', file],
    folder,
    url: `http://127.0.0.1:${port}/api/bench`,
    manner: glewlwydManner,
  }
}

/** Fills the folder's database. @throws Error where glewlwyd is not installed, or refuses what it is told */
export async function setUpGlewlwyd(folder: string): Promise<void> {
  createTables(join(folder, 'glewlwyd.db'))
  const program = glewlwydProgram(folder, await freePort())
  const server = await startProgram(program)
  const api = new URL('/api/', program.url)
  const post = async (path: string, body: object, cookie = '') => {
    const headers = { 'Content-Type': 'application/json', Cookie: cookie }
    const request = { method: 'POST', headers, body: JSON.stringify(body) }
    const response = await fetch(new URL(path, api), request)
    if (!response.ok) throw new Error(`glewlwyd answers ${path} with ${await response.text()}`)
    return response
  }
  try {
    const [session] = (await post('auth/', administrator)).headers.getSetCookie()
    for (const [path, body] of definitions(program.url)) await post(path, body, session)
  } finally {
    await server.stop()
  }
}

function createTables(path: string): void {
  let statements: string
  try {
    statements = readFileSync(tables, 'utf8')
  } catch {
    throw new Error("glewlwyd is not there; on Debian 12 it is the package 'glewlwyd'")
  }
  const database = new DatabaseSync(path)
  database.exec(statements)
  database.close()
}

/** The scope, the plug-in, the user and the clients that the scenarios know, by the path each is posted to. */
function definitions(issuer: string): readonly (readonly [path: string, body: object])[] {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', kid: 'bench' }
  const parameters = {
    iss: issuer,
    'jwks-private': JSON.stringify({ keys: [key] }),
    'jwks-show': true,
    'access-token-duration': 300,
    'refresh-token-duration': 86_400,
    'refresh-token-rolling': true,
    'refresh-token-one-use': 'always',
    'code-duration': 600,
    'allow-non-oidc': true,
    'auth-type-code-enabled': false,
    'auth-type-token-enabled': false,
    'auth-type-id-token-enabled': true,
    'auth-type-password-enabled': true,
    'auth-type-client-enabled': true,
    'auth-type-refresh-enabled': true,
    'introspection-revocation-allowed': true,
    'introspection-revocation-allow-target-client': true,
  }
  // A client's `password` would be hashed at every request; its `client_secret` is compared as it is.
  const client = (id: string, grants: readonly string[]) => ({
    client_id: id,
    client_secret: 'bench-secret',
    confidential: true,
    enabled: true,
    scope: ['read'],
    token_endpoint_auth_method: ['client_secret_basic'],
    authorization_type: grants,
  })
  return [
    [
      'scope/',
      { name: 'read', display_name: 'read', description: 'read', password_required: true },
    ],
    ['mod/plugin/', { module: 'oidc', name: 'bench', display_name: 'bench', parameters }],
    ['user/', { username: 'johndoe', password: 'secret', enabled: true, scope: ['read'] }],
    ['client/', client('app', ['client_credentials'])],
    // It introspects nothing for clients without client_credentials.
    ['client/', client('web', ['password', 'refresh_token', 'client_credentials'])],
  ]
}
