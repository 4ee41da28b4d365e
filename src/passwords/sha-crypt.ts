import { bounded, caps } from './caps.ts'
import { equal } from './equal.ts'
import { type HashFormat, UnusableHash } from './format.ts'
import { inBackground } from './loops/background.ts'
import { refusingNul } from './wrapped.ts'

const shape = /^\$([56])\$(?:rounds=([0-9]+)\$)?([^$:\n]*)\$([./A-Za-z0-9]{43}|[./A-Za-z0-9]{86})$/

/** `$5$` and `$6$` of glibc (Drepper, SHA-crypt.txt): 5000 rounds unless it says so, 1000 at least. */
export const shaCrypt: HashFormat = {
  name: 'sha-crypt',
  matches: (stored) => /^\$[56]\$/.test(stored),
  read(stored) {
    const [, id, given = '5000', salt = '', expected = ''] = shape.exec(stored) ?? []
    const digest = id === '5' ? 'sha256' : 'sha512'
    if (id === undefined || expected.length !== (id === '5' ? 43 : 86)) {
      throw new UnusableHash('malformed SHA-crypt hash')
    }
    const rounds = Math.max(1000, bounded(given, 'SHA-crypt rounds', 0, caps.shaCryptRounds))
    const setting = { loop: 'sha-crypt', digest, salt: cut(salt, 16), rounds } as const
    return refusingNul({
      cost: `${digest}-crypt rounds=${rounds}`,
      inThread: true,
      verify: async (input, signal) =>
        equal(await inBackground({ ...setting, input }, signal), Buffer.from(expected)),
    })
  },
}

/** The bytes of a salt that crypt(3) looks at. */
export function cut(salt: string, bytes: number): Buffer {
  return Buffer.from(salt).subarray(0, bytes)
}
