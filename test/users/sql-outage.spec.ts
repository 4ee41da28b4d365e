import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { pipeline } from 'node:stream'
import { expect } from 'chai'
import { DirectoryUnavailable } from '../../src/users/directory.ts'
import { startProxy } from '../parts/proxy.ts'
import { openPeople, peopleIn, type TestDatabase } from './people-table.ts'
import { refusal } from './refusal.ts'

for (const flavour of ['postgres', 'mariadb'] as const) {
  describe(`a broken connection to ${flavour}`, () => {
    let table: TestDatabase
    let proxy: Awaited<ReturnType<typeof startProxy>>
    let url: string
    before(async () => {
      table = await peopleIn(flavour)
      const { port } = await table.server()
      proxy = await startProxy(port)
      url = table.url.replace(`:${port}/`, `:${proxy.port}/`)
    })
    after(() => proxy.close())
    afterEach(() => proxy.heal())

    it('is answered in time when the server takes connections and says nothing', async () => {
      proxy.swallowReplies()
      const directory = openPeople(url, { timeout: 1000 })
      expect(await refusal(directory.findByLogin('ada'))).to.be.instanceOf(DirectoryUnavailable)
      proxy.heal()
      expect(await directory.findByLogin('ada')).to.include({ username: 'ada' })
      await directory.close()
    })

    it('is answered in time when the server goes silent, and replaced afterwards', async () => {
      const directory = openPeople(url, { timeout: 1000, connections: 2 })
      await Promise.all([directory.findByLogin('ada'), directory.findByLogin('ada')])
      proxy.swallowReplies()
      const failures = await Promise.all(
        Array.from({ length: 6 }, () => refusal(directory.findByLogin('ada'))),
      )
      for (const failure of failures) expect(failure).to.be.instanceOf(DirectoryUnavailable)
      proxy.heal()
      expect(await directory.findByLogin('ada')).to.include({ username: 'ada' })
      await directory.close()
    })

    it('is noticed when the server resets it', async () => {
      const directory = openPeople(url)
      await directory.findByLogin('ada')
      proxy.cut()
      expect(await refusal(directory.findByLogin('ada'))).to.be.instanceOf(DirectoryUnavailable)
      proxy.heal()
      expect(await directory.findByLogin('ada')).to.include({ username: 'ada' })
      await directory.close()
    })

    it('lets no more than a bounded number wait', async () => {
      const directory = openPeople(url, { timeout: 1000, connections: 1 })
      proxy.swallowReplies()
      const failures = await Promise.all(
        Array.from({ length: 20 }, () => refusal(directory.findByLogin('ada'))),
      )
      const turnedAway = failures.filter((failure) => String(failure).includes('under way already'))
      expect(turnedAway).to.have.lengthOf(12)
      await directory.close()
    })

    it('leaves no name, hash or statement in the error', async () => {
      const directory = openPeople(url, { table: 'nope' })
      const failure = await refusal(directory.findByLogin('canary'))
      expect(failure).to.be.instanceOf(DirectoryUnavailable)
      expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).to.not.match(
        /canary|select/i,
      )
      expect(failure).to.not.have.property('cause')
      await directory.close()
    })
  })
}

const named = (url: string) => url.replace('127.0.0.1', 'localhost')

for (const flavour of ['postgres', 'mariadb'] as const) {
  describe(`TLS to ${flavour}`, () => {
    let table: TestDatabase
    before(async () => {
      table = await peopleIn(flavour)
    })

    it('is used and verified', async () => {
      const { ca } = await table.server()
      const encrypted = {
        postgres: 'select ssl::text as tls from pg_stat_ssl where pid = pg_backend_pid()',
        mariadb: `select variable_value <> '' as tls from information_schema.session_status where variable_name = 'Ssl_version'`,
      }
      const query = {
        byLogin: `select p.*, t.tls from people p, (${encrypted[flavour]}) t where login = :login`,
        byId: 'select * from people where login = :id',
      }
      const seen = async (more: object) => {
        const directory = openPeople(named(table.url), {
          query,
          claims: { tls: 'tls' },
          ...more,
        })
        const user = await directory.findByLogin('ada')
        await directory.close()
        return String(user?.claims?.tls)
      }
      expect(await seen({ ca })).to.be.oneOf(['true', '1'])
      expect(await seen({})).to.be.oneOf(['false', '0'])
    })

    it('is refused to a server that nobody vouches for', async () => {
      const directory = openPeople(`${named(table.url)}?sslmode=require`)
      const failure = await refusal(directory.findByLogin('ada'))
      expect(failure).to.be.instanceOf(DirectoryUnavailable)
      expect(String(failure)).to.match(/certificate/)
      await directory.close()
    })

    it('is refused to a server whose certificate names another host', async () => {
      const { ca } = await table.server()
      const elsewhere = createServer((client) => {
        const server = connect(Number(new URL(table.url).port), '127.0.0.1')
        pipeline(client, server, client, () => {})
      }).listen(0, '127.0.0.2')
      await once(elsewhere, 'listening')
      const { port } = elsewhere.address() as AddressInfo
      const url = new URL(table.url)
      url.host = `127.0.0.2:${port}`
      const directory = openPeople(url.href, { ca })
      const failure = await directory.findByLogin('ada').catch((error: unknown) => error)
      await directory.close()
      elsewhere.close()
      expect(failure).to.be.instanceOf(DirectoryUnavailable)
      expect(String(failure)).to.match(/altname|verifies names/)
    })
  })
}
