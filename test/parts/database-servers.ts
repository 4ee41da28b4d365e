import { startMariadb } from './mariadb.ts'
import { type DatabaseServer, startPostgres } from './postgres.ts'

// Their first start takes seconds, so the specs of one process share them, each in databases of its
// own. They end with the process (server-process.ts): no spec knows whether it is the last.
const servers = new Map<string, Promise<DatabaseServer>>()

function shared(name: string, start: () => Promise<DatabaseServer>): Promise<DatabaseServer> {
  const known = servers.get(name) ?? start()
  servers.set(name, known)
  return known
}

export const postgres = () => shared('postgres', startPostgres)
export const mariadb = () => shared('mariadb', startMariadb)
