import { equal } from './equal.ts'
import { type HashFormat, UnusableHash } from './format.ts'
import { inBackground } from './loops/background.ts'
import { refusingNul } from './wrapped.ts'

const shape = /^(\$1\$|\$apr1\$)([^$:\n]{0,8})\$([./A-Za-z0-9]{22})$/

/** `$1$` of FreeBSD and old Linux, `$apr1$` of Apache's htpasswd: a thousand rounds of MD5. */
export const md5Crypt: HashFormat = {
  name: 'md5-crypt',
  matches: (stored) => /^\$(?:1|apr1)\$/.test(stored),
  read(stored) {
    const [, magic, salt, expected] = shape.exec(stored) ?? []
    if (magic === undefined || salt === undefined || expected === undefined) {
      throw new UnusableHash('malformed md5-crypt hash')
    }
    const setting = { loop: 'md5-crypt', salt: Buffer.from(salt), magic } as const
    return refusingNul({
      cost: 'md5-crypt rounds=1000',
      inThread: true,
      verify: async (input, signal) =>
        equal(await inBackground({ ...setting, input }, signal), Buffer.from(expected)),
    })
  },
}
