import { expect } from 'chai'
import { sampleHashes } from '../../src/users/sample.ts'
import {
  type Answer,
  cheaply,
  type Latchkey,
  passwordGrant,
  startLatchkey,
} from '../parts/latchkey.ts'
import { until } from '../parts/until.ts'
import { databaseIn, openPeople } from './people-table.ts'

const salt = 'c2FsdHNhbHRzYWx0'
const digest = 'ZGlnZXN0ZGlnZXN0ZGlnZXN0ZGlnZXN0'

/** What the operator is told of each. */
const unusable = {
  malformed: [`$argon2id$v=19$m=8192,t=1,p=1$${salt}`, /argon2 digest has 12 bytes/],
  hostile: [`$argon2id$v=19$m=3145728,t=1,p=1$${salt}$${digest}`, /m is 3145728; 8 to 262144/],
  weak: ['d41d8cd98f00b204e9800998ecf8427e', /md5 is weak/],
  plain: ['swordfish-in-the-clear', /no known password hash format/],
} as const

describe('a stored hash that cannot be verified', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey({ metrics: { port: 0 } })
    for (const [username, [hash]] of Object.entries(unusable)) {
      await server.accounts.add({ username, hash })
    }
  })
  after(() => server.stop())

  const login = (username: string, password: string) =>
    server.post('/token', { ...passwordGrant, username, password })
  const look = ({ status, text, headers }: Answer) => ({
    status,
    text,
    fields: [...headers].filter(([name]) => name !== 'x-request-id' && name !== 'date'),
  })
  const counted = async () => {
    const text = await (await fetch(`${server.service.metricsUrl}/metrics`)).text()
    return Number(/^latchkey_unusable_hashes_total (\d+)$/m.exec(text)?.[1])
  }
  const warnings = () => server.log.filter(({ msg }) => String(msg).includes('inspect-hashes'))

  it('is a wrong password to the client, byte for byte', async () => {
    const wrong = look(await login('johndoe', 'wrong'))
    for (const [username, [hash]] of Object.entries(unusable)) {
      expect(look(await login(username, 'wrong')), username).to.deep.equal(wrong)
      expect(look(await login(username, hash)), username).to.deep.equal(wrong)
    }
  })

  it('is counted, and told to the operator with the reason and nothing of the hash', async () => {
    const [before, lines] = [await counted(), warnings().length]
    for (const username of Object.keys(unusable)) await login(username, 'wrong')
    await until(
      () => warnings().length,
      (length) => length === lines + 4,
    )
    expect(await counted()).to.equal(before + 4)
    const said = warnings().slice(-4)
    for (const [at, [username, [, reason]]] of Object.entries(unusable).entries()) {
      const { id } = await server.accounts.show(username)
      expect(said[at]).to.include({ sub: id })
      expect(said[at]?.reason).to.match(reason)
    }
    const log = JSON.stringify(server.log)
    for (const secret of [salt, digest, 'd41d8cd9', 'swordfish']) expect(log).not.to.contain(secret)
  })

  it('is not counted for a wrong password, an unknown user, and one without a password', async () => {
    await server.accounts.add({ username: 'nopassword' })
    const before = await counted()
    for (const username of ['johndoe', 'nobody', 'nopassword']) await login(username, 'wrong')
    expect(await counted()).to.equal(before)
  })
})

describe('what unknown names are made to cost', () => {
  it('is learned from the first rows of the table, and no more of them', async () => {
    const database = await databaseIn('sqlite')
    const hash = await cheaply('secret')
    await database.run(
      'create table people (person_id integer primary key, login text, mail text, given text, family text, pw text, enabled integer, may text, role text, changed text)',
      `with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000)
       insert into people (person_id, login, pw) select i, 'u' || i, case when i % 2 then '${hash}' end from n`,
    )
    const directory = openPeople(database.url)
    const adopted: string[] = []
    await sampleHashes(directory, {
      async adopt(stored) {
        for await (const one of stored) adopted.push(one)
      },
    })
    expect(adopted).to.deep.equal(Array(1000).fill(hash))
    await directory.close()
    await database.remove()
  })
})
