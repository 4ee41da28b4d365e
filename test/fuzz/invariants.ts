import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import type { FuzzRequest } from './grammar.ts'

export interface FuzzAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Longest a request may take, in milliseconds, before it counts as hanging. */
const patience = 5000

export function sender(url: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const { hostname, port } = new URL(url)
  return {
    send: (fuzz: FuzzRequest): Promise<FuzzAnswer> =>
      new Promise((resolve, reject) => {
        const sent = request({ agent, hostname, port, method: fuzz.method, path: fuzz.target })
        for (const [name, value] of fuzz.headers) sent.setHeader(name, value)
        // Node leaves it out for DELETE and OPTIONS, and the body would be the next request.
        sent.setHeader('Content-Length', Buffer.byteLength(fuzz.body))
        sent.setTimeout(patience, () => sent.destroy(new Error('no answer: the server hangs')))
        sent.on('error', reject)
        sent.on('response', (response) => {
          let body = ''
          response.setEncoding('utf8')
          response.on('data', (chunk: string) => {
            body += chunk
          })
          response.on('error', reject)
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
          )
        })
        sent.end(fuzz.body)
      }),
    close: () => agent.destroy(),
  }
}

const statuses: Readonly<Record<string, readonly number[]>> = {
  '/token': [200, 204, 400, 401, 405, 413, 415, 429],
  '/revoke': [200, 204, 400, 401, 405, 413, 415, 429],
  '/introspect': [200, 204, 400, 401, 405, 413, 415, 429],
}
const elsewhere = [200, 204, 304, 400, 401, 403, 404, 405]

/** RFC 6749 appendix A.7 and A.8. */
const errorText = /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/
/** RFC 9110 section 11.6.1: a scheme and its parameters, each at most once. */
const challengeShape = /^[A-Za-z]+ [a-z_]+="[^"\\]*"(, ([A-Za-z]+ )?[a-z_]+="[^"\\]*")*$/

/** What is wrong with an answer, whatever the question was; undefined when nothing is. */
export function fault(
  asked: FuzzRequest,
  answer: FuzzAnswer,
  canaries: readonly string[],
): string | undefined {
  const path = asked.target.split('?')[0] ?? ''
  const { status, headers, body } = answer
  const allowed = statuses[path] ?? elsewhere
  if (!allowed.includes(status)) return `status ${status}`
  if (canaries.some((canary) => body.includes(canary))) return 'a secret is in the answer'
  if (/\bat .+:\d+:\d+|node:|node_modules/.test(body)) return 'a stack trace is in the answer'
  if (path in statuses && asked.method === 'POST') {
    if (headers['cache-control'] !== 'no-store') return 'it may be cached'
    if (headers.pragma !== 'no-cache') return 'Pragma is missing'
  }
  if (headers['x-content-type-options'] !== 'nosniff') return 'nosniff is missing'
  if (headers['x-powered-by'] ?? headers.server) return 'it says what it is made of'
  if (status === 401 && !challengeShape.test(headers['www-authenticate'] ?? '')) {
    return `challenge ${headers['www-authenticate']}`
  }
  if (status === 405 && headers.allow === undefined) return '405 without Allow'
  return bodyFault(asked, answer)
}

function bodyFault(
  { method }: FuzzRequest,
  { status, headers, body }: FuzzAnswer,
): string | undefined {
  if (method === 'HEAD' || [204, 304].includes(status)) return body === '' ? undefined : 'a body'
  if (method === 'OPTIONS' && body === '') return undefined
  const type = headers['content-type'] ?? ''
  if (type.startsWith('application/token-introspection+jwt')) return undefined
  if (!/^application\/(jwk-set\+)?json/.test(type)) return `content type ${type}`
  let json: Record<string, unknown>
  try {
    json = JSON.parse(body)
  } catch {
    return 'no JSON'
  }
  if (status < 400) return undefined
  const { error, error_description: description } = json
  // RFC 6750 section 3.1: without a token there is no error code.
  if (error === undefined && status === 401) return undefined
  if (typeof error !== 'string' || !errorText.test(error)) return `error ${String(error)}`
  if (typeof description !== 'string' || !errorText.test(description))
    return `description ${description}`
  return undefined
}
