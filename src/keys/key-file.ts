import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { z } from 'zod'
import { type Algorithm, algorithms } from './algorithms.ts'
import { KeyFault } from './key-fault.ts'
import type { PublicJwk } from './key-set.ts'
import type { KeyTimes } from './lifecycle.ts'
import { generatePrivateKey, unfitness } from './signature.ts'
import { thumbprint } from './thumbprint.ts'

/** A key as its file has it. */
export interface StoredKey extends KeyTimes {
  readonly path: string
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly publicJwk: PublicJwk
}

const instant = z.iso.datetime().transform((value) => Date.parse(value))

const KeyFile = z.object({
  kid: z.string(),
  alg: z.enum(algorithms),
  createdAt: instant,
  activeAt: instant,
  jwk: z.record(z.string(), z.unknown()),
})

const nameOf = new RegExp(`^(?:${algorithms.join('|')})-([1-9]\\d{0,8})\\.json$`)

/** Serial number in the name of a key file, `ES256-1.json`; undefined for every other name. */
export function serialOf(name: string): number | undefined {
  const [, serial] = nameOf.exec(name) ?? []
  return serial === undefined ? undefined : Number(serial)
}

export const keyFileName = (algorithm: Algorithm, serial: number) => `${algorithm}-${serial}.json`

/** Text of the file of a fresh key that begins to sign at `activeAt` (milliseconds). */
export async function freshKeyFile(
  algorithm: Algorithm,
  createdAt: number,
  activeAt: number,
): Promise<string> {
  const jwk = (await generatePrivateKey(algorithm)).export({ format: 'jwk' })
  const file = {
    kid: thumbprint(jwk),
    alg: algorithm,
    createdAt: new Date(createdAt).toISOString(),
    activeAt: new Date(activeAt).toISOString(),
    jwk,
  }
  return `${JSON.stringify(file, undefined, 2)}\n`
}

/** The key in the text of a key file. Throws KeyFault for anything that is not one whole, fit key. */
export function parseKeyFile(path: string, serial: number, text: string): StoredKey {
  const { kid, alg, createdAt, activeAt, jwk } = contents(path, text)
  const { privateKey, publicKey } = importPair(path, jwk)
  const unfit = unfitness(alg, privateKey, publicKey)
  if (unfit) throw new KeyFault(`${path} holds ${unfit}: ${remedy}`)
  const own = publicKey.export({ format: 'jwk' })
  if (thumbprint(own) !== kid)
    throw new KeyFault(`${path} holds a private key that is not the one its kid names: ${remedy}`)
  return {
    path,
    serial,
    kid,
    algorithm: alg,
    createdAt,
    activeAt,
    privateKey,
    publicKey,
    publicJwk: { ...own, kid, alg, use: 'sig' },
  }
}

const remedy = 'put it back from a backup, or remove it and let the server make another'

function contents(path: string, text: string): z.output<typeof KeyFile> {
  try {
    return KeyFile.parse(JSON.parse(text))
  } catch {
    // The cause stays out: JSON.parse quotes the text it stumbled on, here a private key.
    throw new KeyFault(`${path} is truncated or no key file: ${remedy}`)
  }
}

function importPair(
  path: string,
  jwk: JsonWebKey,
): { privateKey: KeyObject; publicKey: KeyObject } {
  try {
    const privateKey = createPrivateKey({ key: jwk, format: 'jwk' })
    return { privateKey, publicKey: createPublicKey(privateKey) }
  } catch {
    throw new KeyFault(`${path} holds no usable private key: ${remedy}`)
  }
}
