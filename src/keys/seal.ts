import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { KeyFault } from './key-fault.ts'
import {
  type Derivation,
  freshDerivation,
  parseDerivation,
  type SealingSecret,
  wrappingKey,
} from './wrapping-key.ts'

/** Envelope encryption: a key of its own for each sealed thing, wrapped by the key of the operator's secret. */
export interface Seal {
  /** Bound to `name`: under another it does not open. */
  seal(plain: Uint8Array, name: string): Promise<string>
  /** Throws KeyFault: another secret, altered, or not sealed by this at all. */
  open(sealed: string, name: string): Promise<Buffer>
}

/** More salts than a ring has keys are nobody's: each costs a derivation. */
const mostDerivations = 32

/**
 * Seals with the first secret, and opens with any. Things that are sealed one after another share a
 * salt, so that a whole ring costs one derivation.
 */
export function createSeal(secrets: readonly [SealingSecret, ...SealingSecret[]]): Seal {
  const known = new Map<string, Promise<KeyObject | undefined>>()
  const derive = (secret: SealingSecret, derivation: Derivation) => {
    const name = `${secrets.indexOf(secret)} ${JSON.stringify(derivation)}`
    const made = known.get(name) ?? wrappingKey(secret, derivation)
    known.set(name, made)
    const [oldest] = known.keys()
    if (oldest !== undefined && known.size > mostDerivations) known.delete(oldest)
    return made
  }
  let latest = freshDerivation(secrets[0])

  return {
    async seal(plain, name) {
      const header = encode({ v: 1, ...latest })
      const wrapping = await derive(secrets[0], latest)
      if (wrapping === undefined) throw new KeyFault('there is nothing to seal with')
      const own = randomBytes(32)
      const wrapped = encrypt(wrapping, own, `${header} ${name}`)
      return `${header}.${wrapped}.${encrypt(createSecretKey(own), plain, `${header}.${wrapped} ${name}`)}`
    },
    async open(sealed, name) {
      const [header = '', wrapped = '', body = ''] = sealed.split('.')
      const derivation = parseHeader(header)
      if (derivation === undefined || sealed !== `${header}.${wrapped}.${body}`)
        throw new KeyFault(`${name} was not sealed by Latchkey, or was altered: ${remedy}`)
      for (const secret of secrets) {
        const wrapping = await derive(secret, derivation)
        const own = wrapping && decrypt(wrapping, wrapped, `${header} ${name}`)
        if (own === undefined) continue
        const plain = decrypt(createSecretKey(own), body, `${header}.${wrapped} ${name}`)
        if (plain === undefined) throw new KeyFault(`${name} was altered: ${remedy}`)
        if (secret === secrets[0]) latest = derivation
        return plain
      }
      throw new KeyFault(
        `${name} cannot be opened: it was sealed with another passphrase or key than keys.seal has, or was altered`,
      )
    },
  }
}

const remedy = 'put the keys back from a backup'

function parseHeader(header: string): Derivation | undefined {
  try {
    const value = JSON.parse(Buffer.from(header, 'base64url').toString())
    return value?.v === 1 ? parseDerivation(value) : undefined
  } catch {
    return undefined
  }
}

const encode = (header: object) => Buffer.from(JSON.stringify(header)).toString('base64url')

// NIST SP 800-38D section 8.2.2: a random nonce of 96 bits, far below 2^32 uses of a key. Nonce, text and tag in a row.
function encrypt(key: KeyObject, plain: Uint8Array, context: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context))
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString(
    'base64url',
  )
}

function decrypt(key: KeyObject, text: string, context: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length < 28 || bytes.toString('base64url') !== text) return undefined
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), {
      authTagLength: 16,
    })
      .setAAD(Buffer.from(context))
      .setAuthTag(bytes.subarray(-16))
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()])
  } catch {
    return undefined
  }
}
