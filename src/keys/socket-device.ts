import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { type Answer, jsonLines } from './json-lines.ts'
import { type DeviceKey, type SigningDevice, SigningUnavailable } from './signing-device.ts'

export interface SocketDeviceOptions {
  /** Path of the unix socket. */
  readonly socket: string
  /** Milliseconds for a signature. */
  readonly timeout: number
}

/** Some devices take long over an RSA key. Milliseconds. */
const patience = 60_000

/** A process that holds the keys of a device and signs for whoever may open its socket (docs/key-protection.md). */
export function socketDevice({ socket, timeout }: SocketDeviceOptions): SigningDevice {
  const { ask, close } = jsonLines(socket)
  const unexpected = () =>
    new SigningUnavailable(`${socket}: it gave an answer to another question`)

  const keyIn = ({ key }: Answer): DeviceKey => {
    const { name, jwk } = Object(key)
    if (typeof name !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(name) || !isPublic(jwk))
      throw unexpected()
    return { name, jwk }
  }

  return {
    create: async (alg) => keyIn(await ask({ op: 'create', alg }, patience)),
    async find(name) {
      const answer = await ask({ op: 'find', key: name }, timeout)
      return answer.key === null ? undefined : keyIn(answer)
    },
    async sign(name, alg, data) {
      const encoded = Buffer.from(data).toString('base64url')
      const { signature } = await ask({ op: 'sign', key: name, alg, data: encoded }, timeout)
      if (typeof signature !== 'string') throw unexpected()
      return Buffer.from(signature, 'base64url')
    },
    close: async () => close(),
  }
}

function isPublic(jwk: unknown): jwk is JsonWebKey {
  if (typeof jwk !== 'object' || jwk === null || 'd' in jwk || 'priv' in jwk) return false
  try {
    createPublicKey({ key: { ...jwk }, format: 'jwk' })
    return true
  } catch {
    return false
  }
}
