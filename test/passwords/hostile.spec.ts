import { expect } from 'chai'
import fc from 'fast-check'
import { caps } from '../../src/passwords/caps.ts'
import { UnusableHash } from '../../src/passwords/format.ts'
import { listFormats } from '../../src/passwords/formats.ts'
import { createPasswords } from '../../src/passwords/index.ts'
import { vectors } from './vectors.ts'

const parameters = { memory: 8192, iterations: 1, parallelism: 1 }
const allWeak = listFormats({}).flatMap(({ name, weak }) => (weak ? [name] : []))
const options = { queue: 8, wait: 5000, hash: parameters, allowWeak: allWeak }

const header = (...numbers: number[]) => {
  const bytes = Buffer.alloc(13 + 64, 7)
  bytes[0] = 1
  numbers.forEach((number, index) => {
    bytes.writeUInt32BE(number, 1 + 4 * index)
  })
  return bytes.toString('base64')
}
const keycloak = (credentialData: object) =>
  JSON.stringify({
    secretData: { salt: 'MDEyMzQ1Njc4OWFi', value: 'MDEyMzQ1Njc4OWFiMDEyMzQ1' },
    credentialData,
  })
const salt22 = 'abcdefghijklmnopqrstuu'
const key = 'MDEyMzQ1Njc4OWFiMDEyMzQ1Njc4OWFi'

const greedy: Record<string, string> = {
  'argon2 memory': `$argon2id$v=19$m=3145728,t=2,p=1$c29tZXNhbHQ$${key}`,
  'argon2 memory beyond 32 bits': `$argon2id$v=19$m=99999999999999999999,t=2,p=1$c29tZXNhbHQ$${key}`,
  'argon2 iterations': `$argon2id$v=19$m=64,t=4294967295,p=1$c29tZXNhbHQ$${key}`,
  'argon2 lanes': `$argon2id$v=19$m=262144,t=1,p=255$c29tZXNhbHQ$${key}`,
  'argon2 lanes above the memory': `$argon2id$v=19$m=64,t=1,p=16$c29tZXNhbHQ$${key}`,
  'argon2 digest': `$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$${key.repeat(50)}`,
  'argon2 salt': `$argon2id$v=19$m=64,t=1,p=1$${key.repeat(50)}$${key}`,
  'Django argon2': `argon2$argon2i$v=19$m=2147483647,t=1,p=1$c2FsdHNhbHQ$${key}`,
  'bcrypt cost': `$2b$31$${salt22}${'a'.repeat(31)}`,
  'bcrypt no cost': `$2b$00$${salt22}${'a'.repeat(31)}`,
  'WordPress cost': `$wp$2y$31$${salt22}${'a'.repeat(31)}`,
  'passlib bcrypt-sha256': `$bcrypt-sha256$v=2,t=2b,r=31$${salt22}$${'a'.repeat(31)}`,
  'Django bcrypt_sha256': `bcrypt_sha256$$2b$30$${salt22}${'a'.repeat(31)}`,
  'Django pbkdf2': `pbkdf2_sha256$2147483647$salt$${key}`,
  'pbkdf2 of many blocks': `$pbkdf2$3000000$c2FsdA$${key.repeat(5)}`,
  'pbkdf2 key': `$pbkdf2-sha512$1000$c2FsdA$${key.repeat(90)}`,
  'LDAP pbkdf2': `{PBKDF2-SHA512}999999999$c2FsdA$${key}`,
  'scrypt memory': `$scrypt$ln=22,r=1,p=1$c2FsdA$${key}`,
  'scrypt N': `$scrypt$ln=30,r=8,p=1$c2FsdA$${key}`,
  'scrypt r': `$scrypt$ln=14,r=1073741823,p=1$c2FsdA$${key}`,
  'scrypt p': `$scrypt$ln=14,r=8,p=1073741823$c2FsdA$${key}`,
  'scrypt in letters': `$7$z..../..../salt$${'a'.repeat(43)}`,
  'Django scrypt': `scrypt$1073741824$salt$8$1$${key}`,
  'Django scrypt N that is no power of two': `scrypt$16385$salt$8$1$${key}`,
  'Werkzeug pbkdf2': `pbkdf2:sha256:9999999999$salt$${'00'.repeat(32)}`,
  'Werkzeug scrypt': `scrypt:1073741824:8:1$salt$${'00'.repeat(32)}`,
  'ASP.NET iterations': header(1, 0xffffffff, 16),
  'ASP.NET salt': header(1, 10_000, 0xffffffff),
  'ASP.NET PRF': header(7, 10_000, 16),
  'Keycloak iterations': keycloak({ algorithm: 'pbkdf2-sha256', hashIterations: 2_000_000_000 }),
  'Keycloak argon2': keycloak({
    algorithm: 'argon2',
    hashIterations: 1,
    additionalParameters: {
      memory: ['4194304'],
      parallelism: ['1'],
      type: ['id'],
      version: ['1.3'],
    },
  }),
  'SHA-crypt rounds': `$6$rounds=999999999$saltstring$${'a'.repeat(86)}`,
  'LDAP SHA-crypt rounds': `{CRYPT}$5$rounds=999999999$saltstring$${'a'.repeat(43)}`,
  phpass: `$P$Sabcdefgh${'a'.repeat(22)}`,
  Drupal: `$S$Tabcdefgh${'a'.repeat(43)}`,
  'Spring scrypt': `{scrypt}$1f0801$c2FsdA==$${key}`,
  'Firebase n': `$fbscrypt$v=1,n=31,r=8,p=1,ss=Bw==,sk=${key}$c2FsdA==$${key}`,
  'Firebase r': `$fbscrypt$v=1,n=14,r=99999999,p=1,ss=Bw==,sk=${key}$c2FsdA==$${key}`,
  'any length': JSON.stringify({
    secretData: { salt: 'MDEyMzQ1Njc4OWFi', value: 'MDEyMzQ1Njc4OWFiMDEyMzQ1' },
    credentialData: { algorithm: 'pbkdf2-sha256', hashIterations: 1000, note: 'x'.repeat(4000) },
  }),
}

describe('hostile parameters', () => {
  const passwords = createPasswords(options)

  for (const [name, stored] of Object.entries(greedy)) {
    it(`${name}: refused before any work`, async () => {
      const refusal = passwords.verify('password', stored).catch((error: unknown) => error)
      expect(passwords.load()).to.deep.equal({ running: 0, waiting: 0 })
      expect(await refusal).to.be.instanceOf(UnusableHash)
    })
  }

  it('would show in the load if it were work', async () => {
    const verification = passwords.verify('password', await passwords.hash('password'))
    expect(passwords.load()).to.deep.equal({ running: 1, waiting: 0 })
    expect(await verification).to.equal(true)
  })
})

/** The numbers of a cost, as far as they stand for time and memory. */
function excess(cost: string): string[] {
  const of = (name: string) => Number(new RegExp(`\\b${name}=([0-9]+)`).exec(cost)?.[1] ?? 0)
  const most = {
    m: caps.argon2.memory,
    t: caps.argon2.iterations,
    cost: caps.bcryptCost,
    iterations: caps.pbkdf2Iterations,
    rounds: caps.shaCryptRounds,
    N: caps.scrypt.work,
  }
  const over = Object.entries(most).flatMap(([name, cap]) => (of(name) <= cap ? [] : [name]))
  return of('N') * of('r') * 128 > caps.scrypt.memory ? [...over, 'memory'] : over
}

/** Reads with every format that wants the string, and says what came of it. */
function readAll(stored: string, settings = {}): string[] {
  const costs: string[] = []
  for (const format of listFormats(settings)) {
    try {
      if (format.matches(stored)) costs.push(format.read(stored).cost)
    } catch (error) {
      expect(error).to.be.instanceOf(UnusableHash)
      const message = error instanceof Error ? error.message : ''
      expect(message).to.have.length.below(160)
      for (const secret of stored.split(/[$:,{}"\\]/).filter((part) => part.length >= 16)) {
        expect(message).not.to.include(secret)
      }
    }
  }
  return costs
}

const anyVector = fc.constantFrom(...vectors)
const anyNumber = fc.oneof(
  fc.nat().map(String),
  fc.bigInt({ min: 0n, max: 10n ** 24n }).map(String),
)

describe('any stored string', () => {
  it('is read or refused as unusable, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.base64String()),
        (stored) => {
          readAll(stored)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('with other numbers in it asks for no more than the caps', () => {
    fc.assert(
      fc.property(
        anyVector,
        fc.array(fc.option(anyNumber), { minLength: 1, maxLength: 6 }),
        ({ stored, settings }, numbers) => {
          let index = 0
          const changed = stored.replace(/[0-9]+/g, (old) => numbers[index++] ?? old)
          for (const cost of readAll(changed, settings)) expect(excess(cost)).to.deep.equal([])
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('with letters changed, cut or put in asks for no more than the caps', () => {
    const edit = fc.record({ at: fc.nat(120), cut: fc.nat(3), put: fc.string({ maxLength: 3 }) })
    fc.assert(
      fc.property(
        anyVector,
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        ({ stored, settings }, edits) => {
          const changed = edits.reduce(
            (text, { at, cut, put }) => text.slice(0, at) + put + text.slice(at + cut),
            stored,
          )
          for (const cost of readAll(changed, settings)) expect(excess(cost)).to.deep.equal([])
        },
      ),
      { numRuns: 2000 },
    )
  })
})
