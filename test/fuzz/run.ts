import fc from 'fast-check'
import { type Latchkey, secret } from '../parts/latchkey.ts'
import { type Known, requests } from './grammar.ts'
import { fault, sender } from './invariants.ts'

export interface FuzzResult {
  readonly requests: number
  readonly statuses: Readonly<Record<string, number>>
}

/** A server to be fuzzed. Its end throws when its log holds a secret. */
export type Fuzzed = Pick<Latchkey, 'issuer' | 'log' | 'post' | 'login' | 'stop'>

/**
 * Sends `count` requests to a server of their own and checks every answer. Throws with the request, shrunk, and the seed that
 * brings it back; `log` lines that hold a secret are faults too.
 */
export async function fuzz(
  start: () => Promise<Fuzzed>,
  count: number,
  seed: number,
): Promise<FuzzResult> {
  const server = await start()
  const client = sender(server.issuer)
  const statuses: Record<string, number> = {}
  let sent = 0
  try {
    const known = await knownTokens(server)
    const canaries = [secret, '$argon2id$', '$sha256$']
    const property = fc.asyncProperty(requests(known), async (asked) => {
      const answer = await client.send(asked)
      sent += 1
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
      const wrong = fault(asked, answer, canaries)
      if (wrong !== undefined)
        throw new Error(`${wrong}: ${answer.status} ${answer.body.slice(0, 500)}`)
    })
    await fc.assert(property, { numRuns: count, seed, endOnFailure: false })
    // Tokens are canaries for the log alone: answers do hold them.
    const secrets = [...canaries, ...Object.values(known)]
    const line = server.log.find((one) =>
      secrets.some((canary) => JSON.stringify(one).includes(canary)),
    )
    if (line !== undefined) throw new Error(`a secret is in the log: ${JSON.stringify(line)}`)
    return { requests: sent, statuses }
  } finally {
    client.close()
    await server.stop()
  }
}

async function knownTokens(server: Fuzzed): Promise<Known> {
  const login = await server.login()
  const opaque = await server.login({ scope: 'peek' })
  const service = await server.post(
    '/token',
    { grant_type: 'client_credentials' },
    { basic: `app:${secret}` },
  )
  return {
    access: login.access_token,
    refresh: login.refresh_token,
    opaque: opaque.access_token,
    service: service.json.access_token,
  }
}
