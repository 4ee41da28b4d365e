import { once } from 'node:events'
import { type Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import type { Certificate } from './certificates.ts'
import type { Form } from './latchkey.ts'

export interface TlsAnswer {
  readonly status: number
  readonly challenge: string | undefined
  readonly json: Record<string, unknown>
}

/** One request over a TLS connection of its own, or of the agent's, with the client's certificate if it has one. */
export async function tlsRequest(
  url: string,
  certificate: Certificate | undefined,
  {
    form,
    headers = {},
    agent = false,
  }: { form?: Form; headers?: Record<string, string>; agent?: Agent | false } = {},
): Promise<TlsAnswer> {
  const sent = request(url, {
    method: form === undefined ? 'GET' : 'POST',
    agent,
    // The certificate of the server is not what is tested.
    rejectUnauthorized: false,
    headers: {
      ...(form !== undefined && { 'Content-Type': 'application/x-www-form-urlencoded' }),
      ...headers,
    },
    ...(certificate && { cert: certificate.cert, key: certificate.key }),
  })
  sent.end(form === undefined || typeof form === 'string' ? form : `${new URLSearchParams(form)}`)
  const [response] = await once(sent, 'response')
  const body = await text(response)
  return {
    status: response.statusCode,
    challenge: response.headers['www-authenticate'],
    json: body === '' ? {} : JSON.parse(body),
  }
}
