import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { until } from './until.ts'

/** Three libraries that keep a JWK Set, each with its defaults, and ours, without the feed of revocations and with it. */
export const kinds = ['jose', 'jwks-rsa', 'PyJWKClient', 'our SDK alone', 'our SDK'] as const
export type Kind = (typeof kinds)[number]

export interface CachingVerifier {
  readonly kind: Kind
  /** `good`, or why the token is refused; asks again where the verifier could not tell. */
  judge(token: string): Promise<string>
  stop(): Promise<void>
}

/** What they say of a token; all else is said of the way to the keys. */
const refusals =
  /^(ERR_JWKS_NO_MATCHING_KEY|ERR_JWS_|ERR_JWT_|SigningKeyNotFoundError|Invalid\w+Error|ExpiredSignatureError|PyJWKClientError: Unable to find|BearerError|invalid_token)/

const program = (name: string) => join(import.meta.dirname, name)

export function startCachingVerifier(
  kind: Kind,
  { issuer, audience }: { readonly issuer: string; readonly audience: string },
  environment: Readonly<Record<string, string>> = {},
): CachingVerifier {
  const words =
    kind === 'PyJWKClient'
      ? (['/usr/bin/python3', program('caching_verifier.py')] as const)
      : ([process.execPath, program('caching-verifier.ts')] as const)
  const child = spawn(words[0], [words[1], kind, issuer, audience], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  })
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]()
  const ask = async (token: string) => {
    child.stdin.write(`${token}\n`)
    const { value, done } = await answers.next()
    if (done) throw new Error(`${kind} ended`)
    return value
  }
  return {
    kind,
    judge: (token) =>
      until(
        () => ask(token),
        (said) => said === 'good' || refusals.test(said),
        30_000,
      ),
    async stop() {
      child.stdin.end()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}
