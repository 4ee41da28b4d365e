import { createSecretKey } from 'node:crypto'
import { expect } from 'chai'
import { createDummies, type Sample } from '../../src/passwords/dummy.ts'
import { createPasswords, Overloaded, UnusableHash } from '../../src/passwords/index.ts'
import { vectors } from './vectors.ts'

const parameters = { memory: 8192, iterations: 2, parallelism: 1 }
const options = { queue: 8, wait: 5000, hash: parameters, allowWeak: [] }
const passwords = createPasswords(options)
const failure = (promise: Promise<unknown>) => promise.catch((error: unknown) => error)
const nobody = ({ verifyLogin }: typeof passwords) =>
  verifyLogin({ name: 'ada', password: 'password' }, undefined, () => {
    throw new Error('nobody has no hash that could be at fault')
  })
const storedAs = (format: string) => vectors.find((one) => one.format === format)?.stored ?? ''

describe('verifying a password', () => {
  it('takes the empty password as any other', async () => {
    const stored = await passwords.hash('')
    expect(await passwords.verify('', stored)).to.equal(true)
    expect(await passwords.verify(' ', stored)).to.equal(false)
  })

  it('tries what was sent, then its NFC form', async () => {
    const [composed, decomposed] = ['caf\u00e9', 'cafe\u0301']
    const both = await passwords.hash(decomposed)
    expect(await passwords.verify(composed, both)).to.equal(true)
    expect(await passwords.verify(decomposed, both)).to.equal(true)
    const { hash } = await import('@node-rs/bcrypt')
    const asTyped = await hash(decomposed, { cost: 4 })
    expect(await passwords.verify(decomposed, asTyped)).to.equal(true)
    expect(await passwords.verify(composed, asTyped)).to.equal(false)
  })

  it('is false beyond 1024 bytes, without work, however few the letters', async () => {
    const stored = await passwords.hash('x'.repeat(1024))
    expect(await passwords.verify('x'.repeat(1024), stored)).to.equal(true)
    const verification = passwords.verify('ü'.repeat(513), stored)
    expect(passwords.load().running).to.equal(0)
    expect(await verification).to.equal(false)
    expect(await failure(passwords.hash('x'.repeat(1025)))).to.be.instanceOf(RangeError)
  })

  it('throws UnusableHash for what is no hash, and never repeats it', async () => {
    for (const stored of [
      '',
      '!',
      'secret-in-plain-text',
      '$argon2id$secret',
      '{"credentialData"',
    ]) {
      const error = await failure(passwords.verify('x', stored))
      expect(error).to.be.instanceOf(UnusableHash)
      if (stored.length > 1) expect(String(error)).not.to.include(stored)
    }
  })

  it('turns away with Overloaded what it has no place for', async () => {
    const small = createPasswords({ ...options, running: 1, queue: 0 })
    const stored = await passwords.hash('x')
    const first = small.verify('x', stored)
    expect(await failure(small.verify('x', stored))).to.be.instanceOf(Overloaded)
    expect(await failure(nobody(small))).to.be.instanceOf(Overloaded)
    expect(await first).to.equal(true)
  })
})

describe('weak formats', () => {
  it('are named, and refused until the configuration names them', async () => {
    const weak = vectors.filter(({ format }) => /^(md5|ldap-(?!crypt).*)$/.test(format))
    expect(new Set(weak.map(({ format }) => format)).size).to.equal(9)
    for (const { format, stored, password } of weak) {
      expect(passwords.identify(stored)).to.equal(format)
      const error = await failure(passwords.verify(password.toString(), stored))
      expect(error)
        .to.be.instanceOf(UnusableHash)
        .and.to.have.property('message')
        .that.includes(format)
      const allowing = createPasswords({ ...options, allowWeak: [format] })
      expect(await allowing.verify(password.toString(), stored)).to.equal(true)
    }
  })

  it('cannot be allowed by a name that is none of theirs', () => {
    expect(() => createPasswords({ ...options, allowWeak: ['bcrypt'] })).to.throw(
      /bcrypt is no weak format/,
    )
  })
})

describe('the dummy verification', () => {
  it('is work, and always false', async () => {
    const dummy = nobody(passwords)
    expect(passwords.load().running).to.equal(1)
    expect(await dummy).to.equal(false)
  })

  const [five, ten] = ['five', 'ten'].map((stored) => ({ stored, cost: `cost of ${stored}` }))
  if (ten === undefined || five === undefined) throw new Error('there are two')
  const key = createSecretKey(Buffer.alloc(32, 1))
  const names = Array.from({ length: 2000 }, (_, at) => `name${at}`)
  const costs = (dummies: ReturnType<typeof createDummies>) => names.map((name) => dummies.of(name))
  async function* table(rows: number, ...hashes: Sample[]) {
    for (let row = 0; row < rows; row += 1) yield* hashes
  }

  it('stands for a hash that cannot be verified, and the reason is told without the hash', async () => {
    const reasons: string[] = []
    const tried = { name: 'ada', password: 'swordfish-in-the-clear' }
    const login = passwords.verifyLogin(tried, tried.password, (reason) => reasons.push(reason))
    expect(passwords.load().running).to.equal(1)
    expect(await login).to.equal(false)
    expect(reasons).to.deep.equal(['no known password hash format'])
    const good = await passwords.hash('secret')
    const known = { name: 'ada', password: 'secret' }
    expect(await passwords.verifyLogin(known, good, () => reasons.push('none'))).to.equal(true)
    expect(await passwords.verifyLogin(tried, good, () => reasons.push('none'))).to.equal(false)
    expect(reasons).to.have.lengthOf(1)
  })

  it('costs what is seen here, from the first hash on', () => {
    const dummies = createDummies('five', key)
    expect(new Set(costs(dummies))).to.deep.equal(new Set(['five']))
    dummies.saw(ten)
    expect(new Set(costs(dummies))).to.deep.equal(new Set(['ten']))
  })

  it('costs what the table holds, in its proportion, and each name always the same', async () => {
    const [one, other] = [createDummies('five', key), createDummies('ten', key)]
    await one.adopt(table(25, five, ten, ten, ten))
    await other.adopt(table(100, ten, five, ten, ten))
    // What is verified afterwards says nothing new: a guesser chooses that.
    for (let times = 0; times < 100; times += 1) one.saw(five)
    const drawn = costs(one)
    expect(drawn.filter((cost) => cost === 'ten').length / names.length).to.be.within(0.7, 0.8)
    expect(costs(other)).to.deep.equal(drawn)
    const elsewhere = createDummies('five', createSecretKey(Buffer.alloc(32, 2)))
    await elsewhere.adopt(table(25, five, ten, ten, ten))
    expect(costs(elsewhere)).not.to.deep.equal(drawn)
  })

  it('keeps what it knows when the table holds too little to learn from', async () => {
    const dummies = createDummies('five', key)
    await dummies.adopt(table(99, five))
    dummies.saw(ten)
    expect(new Set(costs(dummies))).to.deep.equal(new Set(['ten']))
  })
})

describe('replacing a hash', () => {
  const other = (memory: number, iterations: number) =>
    createPasswords({ ...options, hash: { memory, iterations, parallelism: 1 } })

  it('is due for another format, and for less work or memory', async () => {
    const stored = await passwords.hash('x')
    expect(passwords.needsRehash(stored)).to.equal(false)
    expect(passwords.needsRehash(`argon2${stored}`)).to.equal(false)
    expect(passwords.needsRehash(stored.replace('argon2id', 'argon2i'))).to.equal(true)
    expect(other(16_384, 1).needsRehash(stored)).to.equal(true)
    expect(other(8192, 3).needsRehash(stored)).to.equal(true)
    expect(passwords.needsRehash(await other(16_384, 1).hash('x'))).to.equal(false)
    expect(passwords.needsRehash(storedAs('bcrypt'))).to.equal(true)
    expect(passwords.needsRehash('')).to.equal(true)
  })

  it('keeps the prefix by which the application knows its hashes', async () => {
    const wrappers = {
      'django-pbkdf2': 'argon2$argon2id$',
      'django-bcrypt': 'argon2$argon2id$',
      'ldap-crypt': '{ARGON2ID}$argon2id$',
      spring: '{argon2@SpringSecurity_v5_8}$argon2id$',
      bcrypt: '$argon2id$',
      keycloak: '$argon2id$',
    }
    for (const [format, prefix] of Object.entries(wrappers)) {
      const stored = await passwords.hash('new', storedAs(format))
      expect(stored.startsWith(prefix), format).to.equal(true)
      expect(await passwords.verify('new', stored)).to.equal(true)
    }
    const dovecot = `{ARGON2}${await passwords.hash('x')}`
    expect(await passwords.hash('x', dovecot)).to.match(/^\{ARGON2\}\$argon2id\$/)
  })
})
