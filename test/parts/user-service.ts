import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { listen } from './listen.ts'

export interface ServedUser {
  id: string
  username: string
  email?: string
  disabled: boolean
  [field: string]: unknown
}

/** The owner's side of an HTTP callout, as docs/directories.md asks for it. */
export interface UserService {
  readonly url: string
  readonly users: ServedUser[]
  /** Bodies of the questions so far. */
  readonly questions: string[]
  /** Answers instead of the users while it is set. */
  instead: ((request: IncomingMessage, response: ServerResponse) => void) | undefined
  close(): Promise<void>
}

export async function startUserService(
  secret: string,
  password: string,
  users: ServedUser[],
): Promise<UserService> {
  const server = createServer(async (request, response) => {
    const body = await text(request)
    service.questions.push(body)
    if (!isSigned(request, body, secret)) return void response.writeHead(403).end()
    if (service.instead) return service.instead(request, response)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answer(JSON.parse(body))))
  })
  const find = (test: (user: ServedUser) => boolean) => {
    const [user, second] = users.filter(test)
    // Two users under one name: the service decides, and it decides for nobody.
    return second ? null : (user ?? null)
  }
  const answer = (question: Record<string, string>) => {
    if (question.operation === 'check') {
      const user = find(({ id }) => id === question.id)
      return { valid: user !== null && question.password === password }
    }
    if (question.login !== undefined) {
      const login = question.login
      return { user: find(({ username, email }) => login === username || login === email) }
    }
    return { user: find(({ id }) => id === question.id) }
  }
  const { url, close } = await listen(server)
  const service: UserService = { url, users, questions: [], instead: undefined, close }
  return service
}

function isSigned({ headers }: IncomingMessage, body: string, secret: string): boolean {
  const timestamp = String(headers['latchkey-timestamp'])
  if (Math.abs(Number(timestamp) * 1000 - Date.now()) > 60_000) return false
  const expected = `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`
  const given = Buffer.from(String(headers['latchkey-signature']))
  return given.length === expected.length && timingSafeEqual(given, Buffer.from(expected))
}
