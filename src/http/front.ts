import type { IncomingMessage } from 'node:http'
import type { PublicDocument } from './documents.ts'
import { hostIsValid, securityFields, tooManyFields } from './headers.ts'
import type { Handler } from './in-flight.ts'
import type { LogRequest } from './log.ts'
import { placesOf } from './mount.ts'

export interface FrontParts {
  readonly issuer: string
  /** By their paths below the issuer. */
  readonly documents: ReadonlyMap<string, PublicDocument>
  readonly arrive: (req: IncomingMessage) => { readonly id: string; readonly address: string }
  readonly logRequest: LogRequest
  readonly measureRequest: (path: string, status: number, seconds: number) => void
}

/** A document with the fields of its answers, name and value in turn. */
interface Prepared {
  readonly path: string
  readonly etag: string
  /** One character an octet: Node sends it in one piece with the head. */
  readonly body: string
  readonly fields: readonly string[]
  /** RFC 9110 section 15.4.5: without those of the content. */
  readonly unchanged: readonly string[]
}

/**
 * Answers the usual requests for public documents, GET and HEAD as every resource server sends them, from memory and
 * without what other requests need. All others, and whatever is unusual about one, are for `rest`, which answers the same.
 */
export function front(parts: FrontParts, rest: Handler): Handler {
  const { arrive, logRequest, measureRequest } = parts
  const prepared = prepare(parts)
  return (req, res) => {
    const document = prepared.get(req.url ?? '')
    const status = document && plainStatus(req, document)
    if (document === undefined || status === undefined) return rest(req, res)
    const start = performance.now()
    const { id, address } = arrive(req)
    const { fields, unchanged, body, path } = document
    res.writeHead(status, [...(status === 200 ? fields : unchanged), 'X-Request-Id', id])
    if (status === 200 && req.method === 'GET') res.end(body, 'latin1')
    else res.end()
    const ms = performance.now() - start
    measureRequest(path, status, ms / 1000)
    logRequest({ id, method: req.method ?? '', path, status, ms, address })
    return done
  }
}

const done = Promise.resolve()

/** Undefined when the request is not as usual. */
function plainStatus(req: IncomingMessage, { etag }: Prepared): 200 | 304 | undefined {
  const { method, headers } = req
  if (method !== 'GET' && method !== 'HEAD') return undefined
  if (tooManyFields(req) || !hostIsValid(req)) return undefined
  const known = headers['if-none-match']
  if (known === undefined) return 200
  // A list, a weak tag, or no-cache beside it.
  return known === etag && headers['cache-control'] === undefined ? 304 : undefined
}

function prepare({ issuer, documents }: FrontParts): ReadonlyMap<string, Prepared> {
  const common = [
    ...Object.entries(securityFields(issuer.startsWith('https:'))).flat(),
    'Access-Control-Allow-Origin',
    '*',
  ]
  return new Map(
    [...documents].flatMap(([path, { body, type, etag, cacheControl }]) => {
      const octets = Buffer.from(body).toString('latin1')
      const unchanged = [...common, 'Cache-Control', cacheControl, 'ETag', etag]
      const content = ['Content-Type', type, 'Content-Length', String(octets.length)]
      const document = { path, etag, body: octets, unchanged, fields: [...unchanged, ...content] }
      return placesOf(issuer, path).map((place): [string, Prepared] => [place, document])
    }),
  )
}
