import type { Algorithm } from './algorithms.ts'
import type { KeySet, SigningKey } from './key-set.ts'

/** No key can sign with the algorithm now. */
export class KeyUnavailable extends Error {
  override readonly name = 'KeyUnavailable'
}

/** The key that signs now. Every algorithm in use has one from the first start on. @throws KeyUnavailable */
export function signingKey({ keys }: Pick<KeySet, 'keys'>, algorithm: Algorithm): SigningKey {
  const key = keys.find((one) => one.algorithm === algorithm && one.state === 'current')
  if (key === undefined) throw new KeyUnavailable(`no key can sign with ${algorithm}`)
  return key
}
