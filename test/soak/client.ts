import { Agent, request } from 'node:http'
import { connect } from 'node:net'

export interface Answer {
  readonly status: number
  readonly body: string
}

export interface Client {
  post(
    path: string,
    form: Readonly<Record<string, string>> | string,
    basic?: string,
  ): Promise<Answer>
  get(path: string): Promise<Answer>
  /** Octets on a connection of their own; the status, or 0 where the peer only hung up. */
  raw(octets: string): Promise<number>
  close(): void
}

/** A crowd behind a proxy: every request comes from another address. */
export function createClient(url: string): Client {
  const { hostname, port } = new URL(url)
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const ask = (
    path: string,
    method: 'GET' | 'POST',
    body?: string,
    headers: Readonly<Record<string, string>> = {},
  ) =>
    new Promise<Answer>((resolve, reject) => {
      const sent = request(url + path, {
        agent,
        method,
        headers: { 'X-Forwarded-For': address(), ...headers },
      })
      sent.on('error', (error: NodeJS.ErrnoException) => {
        // The server ended an idle connection at the moment of its next request (RFC 9112 section 9.3.1).
        if (error.code === 'ECONNRESET' && sent.reusedSocket) {
          ask(path, method, body, headers).then(resolve, reject)
        } else reject(error)
      })
      sent.on('response', (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          text += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
        response.on('error', reject)
      })
      sent.end(body)
    })

  return {
    post: (path, form, basic) =>
      ask(path, 'POST', typeof form === 'string' ? form : String(new URLSearchParams(form)), {
        'Content-Type': 'application/x-www-form-urlencoded',
        ...(basic !== undefined && { Authorization: `Basic ${btoa(basic)}` }),
      }),
    get: (path) => ask(path, 'GET'),
    raw: (octets) =>
      new Promise((resolve) => {
        let said = ''
        const socket = connect(Number(port), hostname, () => socket.write(octets))
        socket.setTimeout(2000, () => socket.destroy())
        socket.on('data', (chunk) => {
          said += chunk
          socket.destroy()
        })
        socket.on('error', () => undefined)
        socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(said)?.[1] ?? 0)))
      }),
    close: () => agent.destroy(),
  }
}

const octet = () => Math.floor(Math.random() * 254) + 1
const address = () => `10.${octet()}.${octet()}.${octet()}`
