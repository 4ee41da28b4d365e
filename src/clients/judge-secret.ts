import { hash } from 'node:crypto'
import type { Client, Clients } from './client.ts'
import { hashSecret, verifySecret } from './secrets.ts'
import type { ClientThrottle, SecretSource } from './throttle.ts'

export type SecretVerdict =
  | { readonly right: true }
  /** `retryAfter`, in seconds, when too many were wrong before, and this one was not looked at. */
  | { readonly right: false; readonly retryAfter?: number }

/** Judges the readings of the secret that came with a client id. Throws SecretsBusy, StateUnavailable. */
export type JudgeSecret = (
  id: string,
  readings: readonly string[],
  from: SecretSource,
) => Promise<SecretVerdict>

/** Counts that all unknown ids of a network share, so that inventing ids does not fill the store. */
const buckets = 4096

/**
 * One path for every id: a client that is unknown, or has no secret, costs the comparison with
 * another client's secrets, is counted, and is refused whatever came of it.
 */
export function createJudgeSecret(clients: Clients, throttle: ClientThrottle): JudgeSecret {
  const inUse = [...clients.values()].map(secretsOf).filter((secrets) => secrets.length > 0)
  const decoys = inUse.length > 0 ? inUse : [[hashSecret('')]]

  return async (id, readings, from) => {
    const client = clients.get(id)
    const stranger = hash('sha256', id, 'buffer').readUInt32BE()
    const name = client === undefined ? `unknown ${stranger % buckets}` : `client ${id}`
    const before = throttle.blocked(name, from)
    if (before !== undefined) return { right: false, retryAfter: before }

    const secrets = client === undefined ? [] : secretsOf(client)
    const decoy = decoys[stranger % decoys.length] ?? []
    const equal = await verifySecret(readings, secrets.length > 0 ? secrets : decoy)
    // Others may have been wrong meanwhile: of all that come at once no more are told than one by one.
    const meanwhile = throttle.blocked(name, from)
    if (meanwhile !== undefined) return { right: false, retryAfter: meanwhile }
    if (equal && secrets.length > 0) return { right: true }
    await throttle.failed(name, from)
    return { right: false }
  }
}

const secretsOf = (client: Client): readonly string[] =>
  client.public || client.authentication !== 'secret' ? [] : client.secrets
