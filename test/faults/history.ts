/** A refresh token is named by login and generation, an access token by its own name; neither can be presented. */
export interface Issued {
  readonly family: string
  readonly generation: number
  readonly access: string
  readonly scope: string
}

/** What was asked of the servers, or done to them. `family` is the login it concerns. */
export type Ask =
  | { readonly do: 'login'; readonly user: string; readonly client: string; readonly scope: string }
  | {
      readonly do: 'refresh'
      readonly family: string
      readonly generation: number
      readonly client: string
      readonly scope?: string
    }
  | { readonly do: 'revoke login'; readonly family: string }
  | { readonly do: 'revoke access'; readonly family?: string; readonly access: string }
  | { readonly do: 'introspect login'; readonly family: string; readonly generation: number }
  | { readonly do: 'introspect access'; readonly family?: string; readonly access: string }
  /** Whether an access token verifies against the keys that a server publishes. */
  | { readonly do: 'verify'; readonly family?: string; readonly access: string }
  /** A token of a client's own, without a login. */
  | { readonly do: 'client login' }
  | { readonly do: 'disable user'; readonly user: string }
  | { readonly do: 'cut user off'; readonly user: string }
  | { readonly do: 'empty the store' }
  /** From before its end until it is ready again, or from its freezing to its thaw. */
  | { readonly do: 'server away' }

export type Outcome =
  | {
      readonly is: 'ok'
      readonly issued?: Issued
      readonly access?: string
      /** The answer of an introspection or a verification. */
      readonly yes?: boolean
    }
  /** A definite no: it has not happened, and will not. */
  | { readonly is: 'refused'; readonly error: string }
  /** 503, or no answer: it may have happened, and may yet happen. */
  | { readonly is: 'unknown'; readonly why: '503' | 'no answer' }
  /** What a server must never answer. */
  | { readonly is: 'wrong'; readonly what: string }

/** Times are milliseconds of one monotonic clock: the workload is one process. */
export interface Call {
  readonly id: number
  /** Which of the servers; -1 for what was done to all of them, or beside them. */
  readonly server: number
  readonly ask: Ask
  readonly start: number
  readonly end: number
  readonly outcome: Outcome
}

export interface History {
  readonly calls: readonly Call[]
  /** Makes a call and notes its start, its end and what came of it. */
  record(server: number, ask: Ask, make: () => Promise<Outcome>): Promise<Outcome>
  forget(): void
}

export function createHistory(): History {
  const calls: Call[] = []
  let id = 0
  return {
    calls,
    async record(server, ask, make) {
      const call = { id: id++, server, ask, start: performance.now() }
      const outcome = await make()
      calls.push({ ...call, end: performance.now(), outcome })
      return outcome
    },
    forget: () => void calls.splice(0),
  }
}

/** One JSON object a line, in the order of their starts. */
export const jsonLines = (calls: readonly Call[]): string =>
  calls
    .toSorted((a, b) => a.start - b.start)
    .map((call) => `${JSON.stringify(call)}\n`)
    .join('')
