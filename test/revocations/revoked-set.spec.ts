import { createHash } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import type { AccessTokenClaims } from '../../src/resource-server/claims.ts'
import {
  type RevocationEntry,
  revocationKinds,
  revokedSet,
} from '../../src/resource-server/revoked-set.ts'

const name = fc.constantFrom('a', 'ab', 'web', 'johndoe', 'e1.jti-1', 'e1.jti-2', 'Zm9vYmFyYmF6')
const seconds = fc.integer({ min: 0, max: 9 })
const fixed = { iss: 'https://login.example', aud: 'https://api.example', exp: 99 }
const act = fc.oneof(
  fc.record({
    do: fc.constant('add' as const),
    kind: fc.constantFrom(...revocationKinds),
    name,
    later: seconds,
  }),
  fc.record({ do: fc.constant('forget' as const), ago: seconds }),
  fc.record({
    do: fc.constant('ask' as const),
    claims: fc.record({ jti: name, sid: name, sub: name, client_id: name }),
    ago: seconds,
  }),
)

const digest = (text: string) => createHash('sha256').update(text).digest('base64url')
const entryName = (kind: RevocationEntry['kind'], text: string) => {
  if (kind === 'everything') return ''
  return kind === 'user' || kind === 'client' ? digest(text) : text
}

/** The same, by going through a list. */
function isEnded(list: readonly RevocationEntry[], claims: AccessTokenClaims, everything: number) {
  const { jti = '', sid = '', sub, client_id, iat } = claims
  const at = (kind: RevocationEntry['kind'], text: string) =>
    Math.max(0, ...list.filter((e) => e.kind === kind && e.name === text).map((e) => e.at))
  if (at('token', String(jti)) > 0 || at('family', String(sid)) > 0) return true
  const cutOff = Math.max(at('user', digest(sub)), at('client', digest(client_id)), everything)
  return iat * 1000 <= cutOff
}

describe('what the SDK knows to have ended', () => {
  it('is what a list of it would say, whatever comes, goes and is asked', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 100, size: 'max' }), (acts) => {
        const set = revokedSet()
        const memories = new Map<string, object>()
        let list: RevocationEntry[] = []
        let now = 10
        // It outlives its entry: no token is alive then that it concerns.
        let everything = 0
        for (const one of acts) {
          if (one.do === 'add') {
            now += one.later
            const entry = { kind: one.kind, name: entryName(one.kind, one.name), at: now * 1000 }
            set.add(entry)
            list.push(entry)
            if (one.kind === 'everything') everything = entry.at
          } else if (one.do === 'forget') {
            const limit = (now - one.ago) * 1000
            set.forget(limit)
            list = list.filter(({ at }) => at > limit)
          } else {
            const claims: AccessTokenClaims = { ...fixed, ...one.claims, iat: now - one.ago }
            const key = JSON.stringify(claims)
            const memory = memories.get(key) ?? {}
            memories.set(key, memory)
            const expected = isEnded(list, claims, everything)
            expect(set.has(claims)).to.equal(expected)
            expect(set.has(claims, memory)).to.equal(expected)
            expect(set.has(claims, memory)).to.equal(expected)
          }
        }
        const names = new Set(list.map((entry) => `${entry.kind} ${entry.name}`))
        expect(set.size()).to.equal(names.size)
      }),
      { numRuns: 2000 },
    )
  })
})
