import { startMariadb } from './mariadb.ts'
import { type DatabaseServer, startPostgres } from './postgres.ts'

// Their first start takes seconds, so the specs of one run share them, each in databases of its own.
const servers = new Map<string, Promise<DatabaseServer>>()

function shared(name: string, start: () => Promise<DatabaseServer>): Promise<DatabaseServer> {
  const known = servers.get(name) ?? start()
  servers.set(name, known)
  return known
}

export const postgres = () => shared('postgres', startPostgres)
export const mariadb = () => shared('mariadb', startMariadb)

after(async () => {
  await Promise.all([...servers.values()].map(async (server) => (await server).stop()))
})
