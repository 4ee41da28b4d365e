import { expect } from 'chai'
import { argon2Format, loadFastArgon2, loadPortableArgon2 } from '../../src/passwords/argon2.ts'
import { bcryptFormat } from '../../src/passwords/bcrypt.ts'
import { UnusableHash } from '../../src/passwords/format.ts'
import { listFormats } from '../../src/passwords/formats.ts'
import { findFormat, type Vector, vectors } from './vectors.ts'

const grouped = Map.groupBy(vectors, ({ format }) => format)

describe('password hash formats', () => {
  for (const [format, group] of grouped) {
    it(`${format}: ${group.length} vectors, each with the right and a wrong password`, async () => {
      for (const { password, stored, settings, source } of group) {
        const found = findFormat(stored, settings)
        expect(found?.name, source).to.equal(format)
        const hash = found?.read(stored)
        expect(await hash?.verify(password), source).to.equal(true)
        expect(await hash?.verify(Buffer.concat([Buffer.from('x'), password])), source).to.equal(
          false,
        )
      }
    })
  }

  it('has a vector for each format that can be verified', () => {
    const names = listFormats({ pepper: 'x' }).map(({ name }) => name)
    const without = names.filter((name) => !grouped.has(name))
    expect(without).to.deep.equal(['yescrypt'])
  })

  it('never lets two formats claim one string', () => {
    for (const { stored, source } of vectors) {
      const claims = listFormats({}).filter(({ matches }) => matches(stored))
      expect(claims.length, source).to.be.at.most(1)
    }
  })
})

describe('what is cut and what is refused', () => {
  const bcryptOf = (password: string) =>
    vectors.find((one) => one.format === 'bcrypt' && one.password.equals(Buffer.from(password)))
  const read = (vector: Vector | undefined) => bcryptFormat.read(vector?.stored ?? '')

  it('bcrypt: 72 bytes count and no more', async () => {
    const hash = read(bcryptOf('y'.repeat(72)))
    expect(await hash.verify(Buffer.from('y'.repeat(72)))).to.equal(true)
    expect(await hash.verify(Buffer.from('y'.repeat(400)))).to.equal(true)
    expect(await hash.verify(Buffer.from('y'.repeat(71)))).to.equal(false)
  })

  for (const format of ['bcrypt', 'sha-crypt', 'md5-crypt', 'scrypt-crypt']) {
    it(`${format}: a NUL never ends a password`, async () => {
      const vector = vectors.find((one) => one.format === format && one.password.length > 0)
      const hash = findFormat(vector?.stored ?? '')?.read(vector?.stored ?? '')
      const longer = Buffer.concat([vector?.password ?? Buffer.alloc(0), Buffer.from('\0more')])
      expect(await hash?.verify(longer)).to.equal(false)
    })
  }

  it('bcrypt: a hash that Node made of a password with a NUL stays closed', async () => {
    const { hash } = await import('@node-rs/bcrypt')
    const stored = await hash('a\0b', { cost: 4 })
    expect(await bcryptFormat.read(stored).verify(Buffer.from('a\0b'))).to.equal(false)
    expect(
      await bcryptFormat.read(await hash('ab', { cost: 4 })).verify(Buffer.from('ab')),
    ).to.equal(true)
  })

  const refused = {
    '$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaRPTFO6ZPj9gnLCw0UuvZuTC': 'mangled bytes above 127',
    '$2$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaRPTFO6ZPj9gnLCw0UuvZuTC': 'left out the final NUL',
    '$y$j9T$F5Jx5fExrKuPp53xLKQ..1$tnSYvahCwPBHKZUspmcxMfb0.WiB9W.zEaKlOBL35rC': 'no sound library',
    '{CRYPT}XN/Jsn1.FVLoo': 'traditional DES',
    '{noop}password': 'is the password itself',
    '{sha256}97cde38028ad898ebc02e690819fa220e88c62e0699403e94fff291cfffaf841':
      '1024 rounds of SHA-256',
    pbkdf2_sha256$1000$salt: 'malformed',
    'pbkdf2:sha256$salt$00': 'without iterations',
    '$argon2id$v=19$m=64,t=1,p=1,keyid=AAAA$MDEyMzQ1Njc$MDEyMzQ1Njc4OWFiY2RlZg':
      'other than m, t and p',
    '$fbscrypt$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i==': 'passwords.firebase',
  }
  for (const [stored, reason] of Object.entries(refused)) {
    it(`${stored.slice(0, 12)}… is refused: ${reason}`, () => {
      expect(() => findFormat(stored)?.read(stored)).to.throw(UnusableHash, reason)
    })
  }
})

describe('argon2 by two libraries', () => {
  it('gives the same bytes for i, d and id, versions 16 and 19', async () => {
    const [fast, portable] = [await loadFastArgon2(), await loadPortableArgon2()]
    const salt = Buffer.from('0123456789abcdef')
    for (const type of [0, 1, 2] as const) {
      for (const version of [16, 19] as const) {
        for (const [memory, iterations, parallelism, length] of [
          [64, 1, 1, 16],
          [256, 3, 4, 64],
        ] as const) {
          const input = { type, version, memory, iterations, parallelism, length, salt }
          for (const text of ['', 'a\0b', 'ü'.repeat(512)]) {
            const bytes = await fast(Buffer.from(text), input)
            expect(bytes.equals(await portable(Buffer.from(text), input))).to.equal(true)
            expect(bytes).to.have.lengthOf(length)
          }
        }
      }
    }
  })

  it('reads the parameters in any order, as npm argon2 0.45 wrote them', async () => {
    const vector = vectors.find(({ stored }) => stored.startsWith('$argon2id$v=19$m=512,t=3,p=2$'))
    const stored = vector?.stored.replace('m=512,t=3,p=2', 'm=512,p=2,t=3') ?? ''
    expect(await argon2Format.read(stored).verify(vector?.password ?? Buffer.alloc(0))).to.equal(
      true,
    )
  })
})
