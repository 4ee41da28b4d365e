import { Agent, request } from 'node:http'
import { until } from './until.ts'

export interface SteadyClients {
  /** Answers so far. */
  answered(): number
  /** Resolves when so many more are there. */
  answers(more: number): Promise<unknown>
  /** Ends them after their last answers, and says what was no answer with 200, by what it was. */
  stop(): Promise<Readonly<Record<string, number>>>
}

export interface Asked {
  readonly url: string
  readonly method?: string
  /** A form. */
  readonly body?: string
}

/**
 * Clients that ask one thing after another: half of them on connections that they keep, the others
 * each time on a new one.
 */
export function startSteadyClients(asked: Asked, count = 6): SteadyClients {
  const failures: Record<string, number> = {}
  let answers = 0
  let stopped = false

  const client = async (agent: Agent) => {
    while (!stopped) {
      const outcome = await ask(asked, agent)
      if (outcome === '200') answers += 1
      else failures[outcome] = (failures[outcome] ?? 0) + 1
    }
    agent.destroy()
  }
  const clients = Array.from({ length: count }, (_, index) =>
    client(new Agent({ keepAlive: index % 2 === 0, maxSockets: 1 })),
  )
  return {
    answered: () => answers,
    answers(more) {
      const goal = answers + more
      return until(
        () => answers,
        (now) => now >= goal,
        30_000,
      )
    },
    async stop() {
      stopped = true
      await Promise.all(clients)
      return failures
    },
  }
}

/** The status, or the code of the failure; `lost` where the server had taken the connection already. */
const ask = ({ url, method = 'GET', body }: Asked, agent: Agent) =>
  new Promise<string>((resolve) => {
    const headers = body === undefined ? {} : { 'Content-Type': form }
    const sent = request(url, { agent, method, headers }, (response) => {
      response.resume()
      response.once('close', () => resolve(response.complete ? `${response.statusCode}` : 'lost'))
    })
    sent.once('error', ({ code = 'failed' }: NodeJS.ErrnoException) =>
      resolve(sent.reusedSocket ? 'lost' : code),
    )
    sent.end(body)
  })

const form = 'application/x-www-form-urlencoded'
