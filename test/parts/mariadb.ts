import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import { makeCertificate } from './certificate.ts'
import { freePort } from './port.ts'
import type { DatabaseServer } from './postgres.ts'
import { dataFolder, identityOf, prepare, startServer } from './server-process.ts'

/** Starts MariaDB on a free port of 127.0.0.1, user `root` without a password. */
export async function startMariadb(): Promise<DatabaseServer> {
  const identity = identityOf('mysql')
  const folder = dataFolder('latchkey-mariadb-', identity)
  const data = join(folder, 'data')
  const small = ['--innodb-log-file-size=4M', '--innodb-flush-log-at-trx-commit=2']
  prepare(
    'mariadb-install-db',
    [
      '--no-defaults',
      `--datadir=${data}`,
      // Several at once would use the same names in the system's.
      `--tmpdir=${folder}`,
      ...['--auth-root-authentication-method=normal', '--skip-test-db'],
      ...small,
    ],
    identity,
  )
  const port = await freePort()
  const { cert, key } = makeCertificate(folder, identity)
  const words = [
    '--no-defaults',
    `--datadir=${data}`,
    `--tmpdir=${folder}`,
    ...[`--ssl-cert=${cert}`, `--ssl-key=${key}`],
    `--port=${port}`,
    `--socket=${join(folder, 'socket')}`,
    `--pid-file=${join(folder, 'pid')}`,
    ...['--bind-address=127.0.0.1', '--character-set-server=utf8mb4'],
    ...small,
  ]
  const start = () => startServer('mariadbd', words, /ready for connections/, identity)
  let server = await start()
  const url = (database: string) => `mysql://root@127.0.0.1:${port}/${database}`

  async function run(database: string, ...statements: string[]) {
    const connection = await createConnection(url(database))
    try {
      for (const statement of statements) await connection.query(statement)
    } finally {
      await connection.end()
    }
  }

  return {
    port,
    ca: cert,
    run,
    async createDatabase(name) {
      await run('mysql', `create database \`${name}\``)
      return url(name)
    },
    kill: () => server.end('SIGKILL'),
    async restart() {
      server = await start()
    },
    async stop() {
      await server.end('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
