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

async function get(url: URL, limits: FetchLimits): Promise<JsonObject> {
  const accept = 'application/json, application/jwk-set+json'
  const document: unknown = JSON.parse(await fetchText(url, { ...limits, accept }))
  if (!isObject(document)) throw new Error('not a JSON object')
  return document
}

export interface TextRequest extends Pick<FetchLimits, 'timeout' | 'size'> {
  readonly accept: string
  readonly signal?: AbortSignal
  readonly fetch?: typeof fetch
}

/** The text at this URL and no other. @throws Error when there is none, or more than `size` bytes of it */
export async function fetchText(url: URL, request: TextRequest): Promise<string> {
  const { timeout, size, accept, signal } = request
  const late = AbortSignal.timeout(timeout)
  const response = await (request.fetch ?? fetch)(url, {
    redirect: 'error',
    signal: signal ? AbortSignal.any([signal, late]) : late,
    headers: { accept },
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
  return Buffer.concat(chunks).toString()
}
