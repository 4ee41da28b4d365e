import { createCipheriv } from 'node:crypto'
import { base64 } from './base64.ts'
import { caps, sized } from './caps.ts'
import { equal } from './equal.ts'
import { type HashFormat, UnusableHash } from './format.ts'
import { readCost, type ScryptCost, scryptKey, scryptMemory } from './scrypt.ts'

/** The password hash parameters of a Firebase project, as its console shows them; keys in base64. */
export interface FirebaseProject {
  readonly signerKey: string
  readonly saltSeparator: string
  readonly rounds: number
  readonly memoryCost: number
}

const shape =
  /^\$fbscrypt\$(?:v=1,n=([0-9]+),r=([0-9]+),p=([0-9]+)(?:,ss=([^,$]*))?(?:,sk=([^,$]*))?\$)?([^$]+)\$([^$]+)$/

/**
 * Firebase's scrypt (github.com/firebase/scrypt): the derived key encrypts the project's signer key
 * with AES-256 in counter mode. Stored as `$fbscrypt$` + salt + `$` + hash, with the project's
 * parameters from the configuration, or with all of them in it, as Supabase Auth writes it.
 */
export function firebaseScrypt(project?: FirebaseProject): HashFormat {
  return {
    name: 'firebase-scrypt',
    matches: (stored) => stored.startsWith('$fbscrypt$'),
    read(stored) {
      const [, n, r, p = '1', separator, signer, salt, expected] = shape.exec(stored) ?? []
      if (salt === undefined || expected === undefined) {
        throw new UnusableHash('malformed Firebase hash')
      }
      const key = standard(signer ?? project?.signerKey)
      const salted = [standard(salt), standard(separator ?? project?.saltSeparator ?? '')]
      const log2 = Number(n ?? project?.memoryCost)
      const cost = readCost(String(2 ** log2), r ?? String(project?.rounds), p)
      return encrypting(key, scryptKey(cost, Buffer.concat(salted), 32), standard(expected), cost)
    },
  }
}

function encrypting(
  signerKey: Buffer,
  derive: (password: Buffer) => Promise<Buffer>,
  expected: Buffer,
  cost: ScryptCost,
) {
  sized(signerKey, 'Firebase signer key', 16, caps.digest)
  return {
    cost: `firebase-scrypt N=${cost.N}`,
    memory: scryptMemory(cost),
    async verify(password: Buffer) {
      const cipher = createCipheriv('aes-256-ctr', await derive(password), Buffer.alloc(16))
      return equal(Buffer.concat([cipher.update(signerKey), cipher.final()]), expected)
    },
  }
}

/** Firebase exports both alphabets of base64 (RFC 4648 sections 4 and 5). */
function standard(text: string | undefined): Buffer {
  if (text === undefined) {
    throw new UnusableHash(
      'Firebase hash without the parameters of its project: name them in passwords.firebase',
    )
  }
  return base64(text.replaceAll('-', '+').replaceAll('_', '/'))
}
