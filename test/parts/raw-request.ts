import { once } from 'node:events'
import { request } from 'node:http'

export interface RawAnswer {
  readonly status: number
  readonly challenge: string | undefined
  readonly retryAfter: string | undefined
  readonly body: Record<string, unknown>
}

/** A GET with exactly these header fields, repeated ones too, which fetch would join. */
export async function rawGet(url: string, headers: readonly string[] = []): Promise<RawAnswer> {
  const { host } = new URL(url)
  const sent = request(url, { headers: ['host', host, 'connection', 'close', ...headers] })
  sent.end()
  const [response] = await once(sent, 'response')
  let body = ''
  for await (const chunk of response) body += chunk
  return {
    status: response.statusCode,
    challenge: response.headers['www-authenticate'],
    retryAfter: response.headers['retry-after'],
    body: JSON.parse(body),
  }
}
