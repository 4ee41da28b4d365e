import type { Algorithm } from './algorithms.ts'
import type { KeySet, SigningKey } from './key-set.ts'

/** The key that signs now. Every algorithm in use has one from the first start on. */
export function signingKey({ keys }: KeySet, algorithm: Algorithm): SigningKey {
  const key = keys.find((one) => one.algorithm === algorithm && one.state === 'current')
  if (key === undefined) throw new Error(`there is no current key for ${algorithm}`)
  return key
}
