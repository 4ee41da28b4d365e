import { createHmac, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import type { JSONWebKeySet, JWK } from 'jose'
import { localKeys } from '../../src/resource-server/jwks.ts'
import { signatureAlgorithms } from '../../src/resource-server/jws/algorithms.ts'
import { InvalidJws, isSignedBy, parseJws } from '../../src/resource-server/jws/compact.ts'
import { UnusableKey } from '../../src/resource-server/jws/keys.ts'

interface Vector {
  readonly tcId: number
  readonly comment: string
  readonly jws?: unknown
  readonly result: 'valid' | 'invalid'
}

interface Group {
  readonly comment: string
  readonly public?: JWK | JSONWebKeySet
  readonly private: JWK | JSONWebKeySet
  readonly tests: readonly Vector[]
}

const algorithms = [...signatureAlgorithms.keys()]

/** The path of an access token up to its claims: vectors carry text, not claims. */
async function accepts(jwks: JSONWebKeySet, token: string): Promise<boolean> {
  try {
    const jws = parseJws(token, algorithms)
    const key = await localKeys(jwks)(jws.header)
    return key !== undefined && isSignedBy(key, jws)
  } catch (error) {
    if (error instanceof InvalidJws || error instanceof UnusableKey) return false
    throw error
  }
}

/** MACs are no algorithm of ours; here they show that the gate lets through exactly the right spellings. */
function acceptsMac({ keys }: JSONWebKeySet, token: string): boolean {
  try {
    const { header, signingInput, signature } = parseJws(token, ['HS256'])
    const [key, second] = keys.filter(({ kid, alg }) => kid === header.kid && alg === header.alg)
    if (!key?.k || second) return false
    const mac = createHmac('sha256', Buffer.from(key.k, 'base64url')).update(signingInput).digest()
    return mac.length === signature.length && timingSafeEqual(mac, signature)
  } catch (error) {
    if (error instanceof InvalidJws) return false
    throw error
  }
}

const otherAlg = 'key and token name different algorithms; 338 and 340 demand that this is refused'
const noSuchAlg =
  'the alg of the key, ES521, does not exist; key vector 19 demands that this is refused'
const alphabet = 'a part contains a question mark, which is not base64url (RFC 7515 section 2)'

/** What the vectors call valid and we refuse, because other vectors or the RFC say so; and how many agree. */
const files = {
  json_web_signature: {
    disputed: new Map([
      [346, otherAlg],
      [347, noSuchAlg],
      [350, otherAlg],
      [351, noSuchAlg],
      [372, alphabet],
      [373, alphabet],
    ]),
    agreed: { bySignature: 387, byMac: 8, refusedAsMac: 0, notCompact: 0 },
  },
  json_web_key: {
    disputed: new Map<number, string>(),
    // HS384 and HS512, valid in the vectors, are no algorithms of ours.
    agreed: { bySignature: 22, byMac: 2, refusedAsMac: 2, notCompact: 0 },
  },
  json_web_crypto: {
    disputed: new Map<number, string>(),
    // Without the encrypted ones (JWE), which no access token of ours is.
    agreed: { bySignature: 46, byMac: 2, refusedAsMac: 0, notCompact: 35 },
  },
}

const setOf = (key: JWK | JSONWebKeySet): JSONWebKeySet =>
  'keys' in key ? (key as JSONWebKeySet) : { keys: [key] }

function* vectorsOf(name: string) {
  const url = new URL(`../vectors/wycheproof/${name}/vectors.json`, import.meta.url)
  const file: { testGroups: readonly Group[] } = JSON.parse(readFileSync(url, 'utf8'))
  for (const group of file.testGroups) {
    const jwks = setOf(group.public ?? group.private)
    for (const vector of group.tests) {
      yield { jwks, label: `${vector.tcId} ${group.comment} ${vector.comment}`, ...vector }
    }
  }
}

describe('Wycheproof vectors for JSON Web Signature', () => {
  for (const [name, { disputed, agreed }] of Object.entries(files)) {
    it(`${name}: ${agreed.bySignature} agree, ${agreed.byMac} through the gate with a MAC`, async () => {
      const counts = { bySignature: 0, byMac: 0, refusedAsMac: 0, notCompact: 0 }
      for (const { jwks, label, tcId, jws, result } of vectorsOf(name)) {
        if (typeof jws !== 'string') {
          counts.notCompact++
          continue
        }
        const accepted = await accepts(jwks, jws)
        const symmetric = jwks.keys.every(({ kty }) => kty === 'oct')
        if (disputed.has(tcId)) {
          expect(accepted, label).to.equal(false)
        } else if (symmetric && result === 'valid') {
          expect(accepted, label).to.equal(false)
          counts[acceptsMac(jwks, jws) ? 'byMac' : 'refusedAsMac']++
        } else {
          expect(accepted, label).to.equal(result === 'valid')
          counts.bySignature++
        }
      }
      expect(counts).to.deep.equal(agreed)
    })
  }

  it('refuses what is spelled wrongly, even where its MAC is right', () => {
    // 367 and 370 lost the padding that they are named for, and are now octet for octet the valid 357.
    const copiesOfValid = new Set([367, 370])
    for (const { jwks, label, tcId, jws, result } of vectorsOf('json_web_signature')) {
      if (jwks.keys[0]?.alg !== 'HS256' || typeof jws !== 'string' || result === 'valid') continue
      expect(acceptsMac(jwks, jws), label).to.equal(copiesOfValid.has(tcId))
    }
  })

  it('disputes vectors for a reason that stands in their own text', () => {
    for (const { jwks, label, tcId, jws } of vectorsOf('json_web_signature')) {
      const reason = files.json_web_signature.disputed.get(tcId)
      if (!reason) continue
      const { alg } = JSON.parse(Buffer.from(String(jws).split('.')[0] ?? '', 'base64').toString())
      if (reason === alphabet) expect(jws, label).to.contain('?')
      else expect(jwks.keys[0]?.alg, label).not.to.equal(alg)
    }
  })
})
