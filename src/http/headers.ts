import type { IncomingMessage } from 'node:http'

/** Headers that every answer has: JSON for programs, never a page, never sniffed, framed or cached by accident. */
export const securityFields = (https: boolean): Readonly<Record<string, string>> => ({
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  ...(https && { 'Strict-Transport-Security': 'max-age=31536000' }),
})

/** More fields than any client or proxy sends. */
const mostFields = 100

export const tooManyFields = ({ rawHeaders }: IncomingMessage): boolean =>
  rawHeaders.length > mostFields * 2

const host = /^([A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])?(:[0-9]{0,5})?$/

/** Whether there is one Host at most, and that can be one. */
export function hostIsValid({ rawHeaders, headers }: IncomingMessage): boolean {
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2)
    if (rawHeaders[at]?.length === 4 && rawHeaders[at]?.toLowerCase() === 'host') hosts++
  return hosts <= 1 && host.test(headers.host ?? '')
}

/** What a head is refused for, whatever it asks. */
export interface Refusal {
  readonly status: number
  readonly description: string
}

const tooMany: Refusal = {
  // RFC 6585 section 5: more fields than are worth reading.
  status: 431,
  description: `there are more than ${mostFields} header fields`,
}

/**
 * What Node's parser lets through: two Host headers, and a Host that is none (RFC 9112 section 3.2).
 * Nothing here is ever built from Host, but what stands in front may be.
 */
const invalidHost: Refusal = { status: 400, description: 'the Host header is not valid' }

export function refusalOf(req: IncomingMessage): Refusal | undefined {
  if (tooManyFields(req)) return tooMany
  return hostIsValid(req) ? undefined : invalidHost
}
