import { once } from 'node:events'
import { connect } from 'node:net'

export interface RawAnswer {
  readonly status: number
  /** Statuses of the 1xx answers before it. */
  readonly interim: readonly number[]
  /** Values by lower-case name, in order of arrival. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly body: string
  /** The body as JSON; an empty object when it is none. */
  readonly json: Readonly<Record<string, unknown>>
}

/** How long a server may take to answer and hang up, in milliseconds. */
const patience = 8000

/**
 * Sends octets as they are over a connection of its own and reads until the server hangs up, so the
 * request must say `Connection: close` or be one that the server hangs up on. With `then`, the
 * second part is sent when the server has answered the first with 100.
 */
export async function exchange(
  url: string,
  octets: string | Buffer,
  then?: string,
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.setTimeout(patience, () => socket.destroy(new Error('the server did not hang up')))
  await once(socket, 'connect')
  socket.write(typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets)
  let received = ''
  let rest = then
  try {
    for await (const chunk of socket) {
      received += (chunk as Buffer).toString('latin1')
      if (rest !== undefined && received.startsWith('HTTP/1.1 100')) {
        socket.write(rest)
        rest = undefined
      }
    }
  } catch (error) {
    // Hanging up on what is still being sent resets the connection; the answer came before that.
    if (received === '' || (error as NodeJS.ErrnoException).code === undefined) throw error
  }
  return readAnswer(received)
}

/** A request with a form as its body, closing; `headers` are lines. */
export function formRequest(
  target: string,
  form: string,
  headers: readonly string[] = [],
  method = 'POST',
): string {
  return [
    `${method} ${target} HTTP/1.1`,
    ...(headers.some((line) => /^host:/i.test(line)) ? [] : ['Host: 127.0.0.1']),
    'Connection: close',
    'Content-Type: application/x-www-form-urlencoded',
    ...(headers.some((line) => /^(content-length|transfer-encoding):/i.test(line))
      ? []
      : [`Content-Length: ${form.length}`]),
    ...headers,
    '',
    form,
  ].join('\r\n')
}

function readAnswer(received: string): RawAnswer {
  const interim: number[] = []
  let text = received
  for (;;) {
    const end = text.indexOf('\r\n\r\n')
    if (end === -1) throw new Error(`no answer: ${received.slice(0, 100)}`)
    const [line = '', ...fields] = text.slice(0, end).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1])
    text = text.slice(end + 4)
    if (status < 200) {
      interim.push(status)
      continue
    }
    const headers = new Map<string, string[]>()
    for (const field of fields) {
      const [, name = '', value = ''] = /^([^:]+):[ \t]*(.*)$/.exec(field) ?? []
      headers.set(name.toLowerCase(), [...(headers.get(name.toLowerCase()) ?? []), value])
    }
    return { status, interim, headers, body: text, json: parsed(text) }
  }
}

function parsed(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
