import { STATUS_CODES } from 'node:http'

/** What Node's parser and clock say of a request, and what that is in HTTP. */
const answers: Readonly<Record<string, readonly [status: number, description: string]>> = {
  // RFC 6585 section 5
  HPE_HEADER_OVERFLOW: [431, 'the headers are too large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'the chunk extensions are too large'],
  // RFC 9110 section 15.5.9
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request took too long to arrive'],
}

/** The octets that answer what is no request, before the connection ends (RFC 9112 section 2.2). */
export function answerToMalformed({ code = '' }: NodeJS.ErrnoException): {
  readonly status: number
  readonly octets: string
} {
  const [status, description] = answers[code] ?? [400, 'this is not HTTP/1.1']
  const body = JSON.stringify({ error: 'invalid_request', error_description: description })
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Cache-Control: no-store',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${body.length}`,
    'X-Content-Type-Options: nosniff',
    '',
    body,
  ]
  return { status, octets: lines.join('\r\n') }
}
