import { hash } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import { BearerError } from './bearer.ts'
import { assertSupported, defaultAlgorithms } from './jws/algorithms.ts'
import { InvalidJws } from './jws/compact.ts'
import { UnusableKey } from './jws/keys.ts'
import { readProof } from './proof.ts'
import { replayMemory } from './replay.ts'

export interface DpopOptions {
  /**
   * Scheme, authority and, behind a proxy that strips one, path prefix under which clients reach this API. From
   * configuration, since the Host header is the client's word.
   */
  readonly origin: string
  /** `alg` values for proofs; as for tokens unless given. */
  readonly algorithms?: readonly string[]
  /** Seconds for which a proof may be used; 60 unless given. */
  readonly maxAge?: number
  /**
   * Says whether this proof is seen for the first time, and remembers it until `expiresAt` (seconds since 1970). The
   * default remembers in this process; several instances behind one name share a store. Atomic, or replay is possible.
   */
  readonly firstUse?: (id: string, expiresAt: number) => boolean | Promise<boolean>
}

export interface DpopRequest {
  readonly method: string
  /** Path, with or without query, as the client sent it. */
  readonly target: string
  /** Every DPoP field of the request. */
  readonly proofs: readonly string[]
}

export interface ProofVerifier {
  readonly algorithms: readonly string[]
  /** Resolves to the thumbprint of the proof's key (RFC 7638). @throws BearerError invalid_dpop_proof */
  verify(request: DpopRequest, token: string): Promise<string>
}

/** Checks proofs at a protected resource, in the order of RFC 9449 section 4.3. */
export function createProofVerifier(options: DpopOptions, tolerance: number): ProofVerifier {
  const { origin, algorithms = defaultAlgorithms, maxAge = 60, firstUse = replayMemory() } = options
  assertSupported(algorithms)
  if (!URL.canParse(origin)) throw new TypeError('dpop.origin is a URL such as https://api.example')
  const base = origin.replace(/\/$/, '')

  async function verify({ method, target, proofs }: DpopRequest, token: string): Promise<string> {
    const { claims, key } = readProof(proofs, algorithms)
    const { htm, htu, iat, jti, ath } = claims
    if (htm !== method) throw invalid('htm is not the method of the request')
    if (typeof htu !== 'string' || normalize(htu) !== normalize(base + target)) {
      throw invalid('htu is not the URL of the request')
    }
    const now = Date.now() / 1000
    if (typeof iat !== 'number' || iat > now + tolerance || iat < now - maxAge - tolerance) {
      throw invalid('iat is not recent')
    }
    if (ath !== sha256(token)) throw invalid('ath is not the hash of the access token')
    if (typeof jti !== 'string' || jti === '') throw invalid('jti is missing')
    const thumbprint = await calculateJwkThumbprint(key.export({ format: 'jwk' }))
    const id = sha256(`${thumbprint}.${jti}`)
    if (!(await firstUse(id, Math.ceil(iat + maxAge + tolerance))))
      throw invalid('the proof is used')
    return thumbprint
  }

  return {
    algorithms,
    verify: (request, token) =>
      verify(request, token).catch((error) => {
        if (error instanceof InvalidJws || error instanceof UnusableKey) {
          throw invalid(error.message, error)
        }
        throw error
      }),
  }
}

/**
 * A URL for comparison: without query and fragment (RFC 9449 section 4.3), case, default port, dot segments and
 * percent-encoding as in RFC 3986 sections 6.2.2 and 6.2.3.
 */
function normalize(value: string): string | undefined {
  if (!URL.canParse(value)) return undefined
  const { protocol, host, pathname } = new URL(value)
  const path = pathname.replace(/%[0-9a-f]{2}/gi, (octet) => {
    const character = String.fromCharCode(Number.parseInt(octet.slice(1), 16))
    return /[\w.~-]/.test(character) ? character : octet.toUpperCase()
  })
  return `${protocol}//${host}${path}`
}

const sha256 = (text: string) => hash('sha256', text, 'base64url')

const invalid = (reason: string, cause?: unknown) =>
  new BearerError('invalid_dpop_proof', `DPoP proof: ${reason}`, { cause })
