import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { makeCertificate } from './certificate.ts'
import { freePort } from './port.ts'
import { dataFolder, identityOf, prepare, startServer } from './server-process.ts'

export interface DatabaseServer {
  readonly port: number
  /** The authority that signed its certificate, PEM file. It speaks TLS to those who want it. */
  readonly ca: string
  /** Makes an empty database and returns its URL. */
  createDatabase(name: string): Promise<string>
  /** Runs statements in a database. */
  run(database: string, ...statements: string[]): Promise<void>
  /** Ends the server at once; the data stays. */
  kill(): Promise<void>
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Debian keeps the binaries of every version apart. */
function binaries(): string {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : []
  const found = versions
    .map((version) => join(root, version, 'bin'))
    .find((folder) => existsSync(folder))
  if (!found) throw new Error('PostgreSQL is not installed: apt-get install postgresql')
  return found
}

/** Starts PostgreSQL on a free port of 127.0.0.1, superuser `latchkey`, everybody trusted. */
export async function startPostgres(): Promise<DatabaseServer> {
  const bin = binaries()
  const identity = identityOf('postgres')
  const folder = dataFolder('latchkey-postgres-', identity)
  const data = join(folder, 'data')
  const settings = ['-A', 'trust', '-U', 'latchkey', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync']
  prepare(join(bin, 'initdb'), ['-D', data, ...settings], identity)
  const port = await freePort()
  const { cert, key } = makeCertificate(folder, identity)
  const tls = ['ssl=on', `ssl_cert_file=${cert}`, `ssl_key_file=${key}`].flatMap((one) => [
    '-c',
    one,
  ])
  const words = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder, '-F', ...tls]
  const start = () => startServer(join(bin, 'postgres'), words, /ready to accept/, identity)
  let server = await start()
  const url = (database: string) => `postgres://latchkey@127.0.0.1:${port}/${database}`

  async function run(database: string, ...statements: string[]) {
    const client = new pg.Client({ connectionString: url(database) })
    await client.connect()
    try {
      for (const statement of statements) await client.query(statement)
    } finally {
      await client.end()
    }
  }

  return {
    port,
    ca: cert,
    run,
    async createDatabase(name) {
      await run('postgres', `create database "${name}"`)
      return url(name)
    },
    kill: () => server.end('SIGQUIT'),
    async restart() {
      server = await start()
    },
    async stop() {
      await server.end('SIGQUIT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
