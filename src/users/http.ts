import { createHmac } from 'node:crypto'
import { bounded } from './bounded.ts'
import { type Directory, DirectoryUnavailable, type User } from './directory.ts'
import { readAnswer, readVerdict } from './http/answer.ts'
import { readBody } from './http/body.ts'
import { readLogin } from './names.ts'

export interface HttpOptions {
  readonly name: string
  readonly url: string
  /** Key of the HMAC-SHA-256 over every question. */
  readonly secret: string
  /** Most questions under way at once. */
  readonly connections: number
  readonly timeout: number
  /** Claims that are taken from an answer. */
  readonly claims: readonly string[]
}

type Question =
  | { readonly operation: 'find'; readonly login: string }
  | { readonly operation: 'find'; readonly id: string }
  | { readonly operation: 'check'; readonly id: string; readonly password: string }
  | { readonly operation: 'ping' }

/** Users behind a service of the owner's: docs/directories.md has the questions and answers. */
export function openHttpDirectory(options: HttpOptions): Directory {
  const { name, url, secret, connections, timeout, claims } = options
  const within = bounded(name, { timeout, inFlight: connections })

  async function ask(question: Question): Promise<unknown> {
    const body = JSON.stringify(question)
    const timestamp = String(Math.floor(Date.now() / 1000))
    const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
    const request: RequestInit = {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'accept-encoding': 'identity',
        'latchkey-timestamp': timestamp,
        'latchkey-signature': `v1=${signature}`,
      },
      body,
      // A redirect would carry the password to wherever the answer points.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeout),
    }
    // A connection that was kept may have ended since; a question can be asked twice.
    const response = await fetch(url, request).catch((error: unknown) => {
      if (error instanceof TypeError) return fetch(url, request)
      throw error
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new DirectoryUnavailable(`directory ${name}: status ${response.status}, not 200`)
    }
    return readBody(response)
  }

  const find = (question: Question): Promise<User | undefined> =>
    within(async () => readAnswer(await ask(question), claims))

  return {
    name,
    async findByLogin(typed) {
      const login = readLogin(typed)
      return login === undefined ? undefined : find({ operation: 'find', login })
    },
    async findById(id) {
      const user = await find({ operation: 'find', id })
      if (user && user.id !== id) {
        throw new DirectoryUnavailable(`directory ${name}: the answer is about another user`)
      }
      return user
    },
    checkPassword: ({ id }, password) =>
      within(async () =>
        password === '' ? false : readVerdict(await ask({ operation: 'check', id, password })),
      ),
    check: () =>
      within(async () => {
        await ask({ operation: 'ping' })
      }),
    async close() {},
  }
}
