import { VerificationUnavailable } from './bearer.ts'
import { isObject, type JsonObject } from './jws/json.ts'

export interface FetchLimits {
  /** Milliseconds for the whole answer. */
  readonly timeout: number
  /** Bytes of the answer. */
  readonly size: number
  /** Milliseconds in which a failure is repeated without another request. */
  readonly pause: number
}

export const fetchLimits: FetchLimits = { timeout: 5000, size: 512 * 1024, pause: 1000 }

/**
 * A function that gets one small JSON object, from this URL and no other: redirects are not followed. While the
 * server is down it is asked once in `pause`, however many requests wait.
 *
 * @throws VerificationUnavailable from the returned function
 */
export function jsonFetcher(url: URL, limits = fetchLimits): () => Promise<JsonObject> {
  let failure: { readonly error: VerificationUnavailable; readonly until: number } | undefined
  return async () => {
    if (failure && performance.now() < failure.until) throw failure.error
    try {
      const document = await get(url, limits)
      failure = undefined
      return document
    } catch (cause) {
      const error = new VerificationUnavailable(`${url.href} cannot be read`, { cause })
      failure = { error, until: performance.now() + limits.pause }
      throw error
    }
  }
}

async function get(url: URL, { timeout, size }: FetchLimits): Promise<JsonObject> {
  const response = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(timeout),
    headers: { accept: 'application/json, application/jwk-set+json' },
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`status ${response.status}`)
  }
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength
    if (length > size) throw new Error(`more than ${size} bytes`)
    chunks.push(chunk)
  }
  const document: unknown = JSON.parse(Buffer.concat(chunks).toString())
  if (!isObject(document)) throw new Error('not a JSON object')
  return document
}
