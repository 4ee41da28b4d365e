import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { expect } from 'chai'
import { AmbiguousUser, DirectoryUnavailable, type User } from '../../src/users/directory.ts'
import { connectLdap } from '../../src/users/ldap/connection.ts'
import { type LdapOptions, openLdapDirectory } from '../../src/users/ldap.ts'
import { startProxy } from '../parts/proxy.ts'
import { type Slapd, startSlapd, suffix } from '../parts/slapd.ts'
import { conformsToDirectory } from './conformance.ts'
import { type Person, password, people } from './people.ts'
import { refusal } from './refusal.ts'

// RFC 4514 section 2.4, and base64 in LDIF (RFC 2849) for what is not plain text.
const rdn = (name: string) => name.replace(/[\\,+"<>;=]/g, (character) => `\\${character}`)
const value = (name: string, text: string) => `${name}:: ${Buffer.from(text).toString('base64')}`
const dnOf = (username: string) => `uid=${rdn(username)},ou=people,${suffix}`
const dnLine = (username: string) => value('dn', dnOf(username))

const entry = (one: Person) =>
  [
    dnLine(one.username),
    'objectClass: inetOrgPerson',
    value('uid', one.username),
    value('cn', `${one.given} ${one.family}`),
    value('sn', one.family),
    value('mail', one.email),
    `employeeType: ${one.disabled}`,
    `title: ${one.role}`,
    `description: hidden`,
    ...one.scopes.map((scope) => `departmentNumber: ${scope}`),
    value('userPassword', password),
  ].join('\n')

const group = (name: string, members: readonly string[]) =>
  [
    `dn: cn=${name},ou=groups,${suffix}`,
    'objectClass: groupOfNames',
    `cn: ${name}`,
    ...members.map((member) => value('member', dnOf(member))),
  ].join('\n')

const ldif = [
  ...['people', 'groups'].map(
    (ou) => `dn: ou=${ou},${suffix}\nobjectClass: organizationalUnit\nou: ${ou}`,
  ),
  ...people.map(entry),
  `${dnLine('nopassword')}\nobjectClass: inetOrgPerson\nuid: nopassword\ncn: No\nsn: Password`,
  group('editors', ['ada']),
  group(
    'everyone',
    people.map(({ username }) => username),
  ),
].join('\n\n')

describe('users in an LDAP tree', () => {
  let slapd: Slapd
  before(async () => {
    slapd = await startSlapd(ldif)
  })
  after(() => slapd.stop())

  const open = (more: Partial<LdapOptions> = {}) =>
    openLdapDirectory({
      name: 'ldap',
      url: slapd.url,
      startTls: false,
      bindDn: slapd.bindDn,
      bindPassword: slapd.bindPassword,
      baseDn: `ou=people,${suffix}`,
      filter: '(objectClass=inetOrgPerson)',
      attributes: {
        id: 'entryUUID',
        username: 'uid',
        email: 'mail',
        fullName: 'cn',
        disabled: 'employeeType',
        scopes: 'departmentNumber',
      },
      login: ['username', 'email'],
      ignoreCase: true,
      connections: 8,
      timeout: 2000,
      claims: { role: 'title' },
      ...more,
    })

  const proxies: Awaited<ReturnType<typeof startProxy>>[] = []
  const proxied = async () => {
    const proxy = await startProxy(slapd.port)
    proxies.push(proxy)
    return proxy
  }
  afterEach(async () => {
    for (const proxy of proxies.splice(0)) await proxy.close()
  })

  async function use<T>(
    more: Partial<LdapOptions>,
    work: (directory: ReturnType<typeof open>) => Promise<T>,
  ): Promise<T> {
    const directory = open(more)
    try {
      return await work(directory)
    } finally {
      await directory.close()
    }
  }

  const ada = async (directory: ReturnType<typeof open>): Promise<User> => {
    const user = await directory.findByLogin('ada')
    if (!user) throw new Error('no ada')
    return user
  }

  const change = (username: string, attribute: string, text: string) => {
    slapd.modify(
      `${dnLine(username)}\nchangetype: modify\nreplace: ${attribute}\n${attribute}: ${text}\n`,
    )
    return Promise.resolve()
  }

  describe('as a directory', () => {
    conformsToDirectory({ ignoresCase: true }, async () => ({
      open: async () => open(),
      setDisabled: (username, disabled) => change(username, 'employeeType', String(disabled)),
      setEmail: (username, email) => change(username, 'mail', email),
      beginOutage: () => slapd.kill(),
      endOutage: () => slapd.restart(),
    }))
  })

  it('refuses an empty password before it asks the server, which would say yes', async () => {
    await use({}, async (directory) => {
      const user = await ada(directory)
      expect(await directory.checkPassword?.(user, '')).to.equal(false)
      expect(await directory.checkPassword?.(user, password)).to.equal(true)
    })
  })

  it('refuses an entry without a password, and passwords too long or with a NUL', async () => {
    await use({}, async (directory) => {
      const nobody = await directory.findByLogin('nopassword')
      if (!nobody) throw new Error('no entry')
      for (const tried of [password, 'x', '\0']) {
        expect(await directory.checkPassword?.(nobody, tried)).to.equal(false)
      }
      for (const tried of [`${password}\0`, password.repeat(100)]) {
        expect(await directory.checkPassword?.(await ada(directory), tried)).to.equal(false)
      }
    })
  })

  it('refuses the password of a user who is gone', async () => {
    await use({}, async (directory) => {
      const gone = { ...(await ada(directory)), id: '00000000-0000-1000-8000-000000000000' }
      expect(await directory.checkPassword?.(gone, password)).to.equal(false)
    })
  })

  it('tells case apart where it is told to', async () => {
    await use({ ignoreCase: false }, async (directory) => {
      expect(await directory.findByLogin('ADA')).to.equal(undefined)
      expect(await directory.findByLogin('ada')).to.include({ username: 'ada' })
    })
  })

  it('searches without a name where the server lets it', async () => {
    await use({ bindDn: undefined, bindPassword: undefined }, async (directory) => {
      expect(await directory.findByLogin('ada')).to.include({ username: 'ada' })
      expect(await directory.checkPassword?.(await ada(directory), password)).to.equal(true)
    })
  })

  it('maps searched groups to scopes and a claim', async () => {
    const groups = {
      baseDn: `ou=groups,${suffix}`,
      filter: '(objectClass=groupOfNames)',
      member: 'member',
      name: 'cn',
      scopes: { Editors: ['pages:write'], nobody: ['all'], constructor: ['all'] },
      claim: 'groups',
    }
    await use({ groups }, async (directory) => {
      const user = await ada(directory)
      expect(user.scopes).to.have.members(['items:read', 'items:write', 'pages:write'])
      expect(user.claims?.groups).to.have.members(['editors', 'everyone'])
      const other = await directory.findByLogin("o'brien")
      expect(other?.scopes).to.deep.equal([])
      expect(other?.claims?.groups).to.deep.equal(['everyone'])
    })
  })

  it('maps groups that an attribute of the user names', async () => {
    const groups = {
      attribute: 'departmentNumber',
      filter: '(objectClass=groupOfNames)',
      member: 'member',
      name: 'cn',
      scopes: { 'ITEMS:READ': ['pages:read'] },
    }
    await use({ groups, attributes: plain() }, async (directory) => {
      expect((await ada(directory)).scopes).to.deep.equal(['pages:read'])
    })
  })

  const plain = () => ({ id: 'entryUUID', username: 'uid', email: 'mail', fullName: 'cn' })

  it('reads when a password was changed', async () => {
    const attributes = { ...plain(), passwordChangedAt: 'modifyTimestamp' }
    const before = Math.floor(Date.now() / 1000) * 1000
    await change('ada', 'employeeNumber', '514')
    await use({ attributes }, async (directory) => {
      const { passwordChangedAt } = await ada(directory)
      expect(passwordChangedAt).to.be.within(before, Date.now())
    })
  })

  it('is unavailable when an entry has no id we may read, rather than letting it in', async () => {
    await use({ attributes: { ...plain(), id: 'employeeNumber' } }, async (directory) => {
      expect(await refusal(directory.findByLogin("o'brien"))).to.be.instanceOf(DirectoryUnavailable)
    })
  })

  it('refuses two entries with one id', async () => {
    await use({ attributes: { ...plain(), id: 'sn' } }, async (directory) => {
      expect(await refusal(directory.findById('Family'))).to.be.instanceOf(AmbiguousUser)
    })
  })

  it('is unavailable when its own name or password is wrong', async () => {
    await use({ bindPassword: 'wrong' }, async (directory) => {
      expect(await refusal(directory.findByLogin('ada'))).to.be.instanceOf(DirectoryUnavailable)
    })
  })

  it('speaks LDAPS and StartTLS to a server it can verify', async () => {
    for (const how of [{ url: slapd.ldapsUrl }, { startTls: true }]) {
      await use({ ...how, ca: slapd.ca }, async (directory) => {
        const user = await ada(directory)
        expect(await directory.checkPassword?.(user, password)).to.equal(true)
        expect(await directory.checkPassword?.(user, 'wrong')).to.equal(false)
      })
    }
  })

  it('is unavailable to a server whose certificate nobody vouches for', async () => {
    for (const how of [{ url: slapd.ldapsUrl }, { startTls: true }]) {
      await use(how, async (directory) => {
        const failure = await refusal(directory.findByLogin('ada'))
        expect(failure).to.be.instanceOf(DirectoryUnavailable)
        expect(String(failure)).to.match(/certificate/)
      })
    }
  })

  it('opens a new connection with TLS after the old one ended, never one without', async () => {
    const proxy = await proxied()
    const url = `ldap://127.0.0.1:${proxy.port}`
    await use({ url, startTls: true, ca: slapd.ca }, async (directory) => {
      await ada(directory)
      proxy.cut()
      expect(await refusal(directory.findByLogin('ada'))).to.be.instanceOf(DirectoryUnavailable)
      proxy.heal()
      expect(await directory.checkPassword?.(await ada(directory), password)).to.equal(true)
    })
  })

  it('gives up on a server that says yes to StartTLS and nothing more', async () => {
    const server = createServer((socket) => {
      // RFC 4511 section 4.12: an ExtendedResponse with success, to the message that came.
      socket.once('data', (request) => {
        const id = request[4] ?? 0
        socket.write(Buffer.from([0x30, 12, 2, 1, id, 0x78, 7, 10, 1, 0, 4, 0, 4, 0]))
        socket.resume()
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const ca = await readFile(slapd.ca, 'utf8')
    const url = `ldap://127.0.0.1:${port}`
    const failure = await connectLdap({ url, startTls: true, ca, patience: 100 }).catch(String)
    server.close()
    expect(failure).to.include('no TLS handshake in time')
  })

  it('never opens a connection again on its own, to bind without TLS', async () => {
    const proxy = await proxied()
    const url = `ldap://127.0.0.1:${proxy.port}`
    const ca = await readFile(slapd.ca, 'utf8')
    const connection = await connectLdap({ url, startTls: true, ca, patience: 1000 })
    await connection.bind(slapd.bindDn, slapd.bindPassword)
    connection.end()
    const bound = connection.bind(slapd.bindDn, slapd.bindPassword)
    expect(String(await refusal(bound))).to.include('the connection has ended')
    expect(connection.alive()).to.equal(false)
  })

  for (const startTls of [false, true]) {
    it(`is unavailable in time when nothing answers, ${startTls ? 'StartTLS' : 'plain'}`, async () => {
      const proxy = await proxied()
      const url = `ldap://127.0.0.1:${proxy.port}`
      await use({ url, startTls, ca: slapd.ca, timeout: 300 }, async (directory) => {
        const user = await ada(directory)
        proxy.swallowReplies()
        const failures = [
          await refusal(directory.findByLogin('ada')),
          await refusal(directory.checkPassword?.(user, password) ?? Promise.resolve()),
        ]
        proxy.heal()
        for (const failure of failures) expect(failure).to.be.instanceOf(DirectoryUnavailable)
        expect(await directory.checkPassword?.(user, password)).to.equal(true)
      })
    })
  }

  it('has a bound on the passwords tried at once', async () => {
    const proxy = await proxied()
    const url = `ldap://127.0.0.1:${proxy.port}`
    await use({ url, connections: 2 }, async (directory) => {
      const user = await ada(directory)
      const tries = await Promise.allSettled(
        [1, 2, 3].map(() => directory.checkPassword?.(user, password)),
      )
      expect(tries.map(({ status }) => status).sort()).to.deep.equal([
        'fulfilled',
        'fulfilled',
        'rejected',
      ])
    })
  })
})
