import { createHash } from 'node:crypto'
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose'
import type { State } from '../../src/state/state.ts'
import type { openAccounts } from '../../src/users/embedded/accounts.ts'
import { secret, type TokenAnswer } from '../parts/latchkey.ts'
import type { History, Issued, Outcome } from './history.ts'

/** Milliseconds without an answer after which a request counts as never answered. */
const patience = 10_000

/** What a client has after a login or a refresh. */
export interface Tokens {
  readonly refresh: string
  readonly access: string
}

export interface Against {
  readonly urls: readonly string[]
  readonly history: History
  readonly accounts: ReturnType<typeof openAccounts>
  /** The store itself, as the operator's commands use it. */
  readonly operator: Pick<State, 'cutOff'>
}

export type Requests = ReturnType<typeof createRequests>

/** What clients and the operator ask, each call noted in the history; nothing throws. */
export function createRequests({ urls, history, accounts, operator }: Against) {
  const { record } = history

  const post = (
    server: number,
    path: string,
    client: string,
    form: Record<string, string>,
    read: (json: TokenAnswer & Record<string, unknown>) => Outcome,
  ): Promise<Outcome> =>
    answered(
      fetch(urls[server] + path, {
        method: 'POST',
        body: new URLSearchParams(form),
        headers: {
          Authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}`,
        },
        signal: AbortSignal.timeout(patience),
      }),
      read,
    )

  /** Asks for tokens; what was issued is kept aside, for the history holds nothing that can be presented. */
  const forTokens = async (
    server: number,
    ask: Parameters<History['record']>[1],
    client: string,
    form: Record<string, string>,
    scope: string,
  ) => {
    let tokens: Tokens | undefined
    const outcome = await record(server, ask, () =>
      post(server, '/token', client, form, (json) => {
        tokens = { refresh: json.refresh_token, access: json.access_token }
        return { is: 'ok', issued: issuedOf(tokens, json.scope ?? scope) }
      }),
    )
    return { outcome, tokens }
  }

  return {
    logIn: (server: number, user: string, client: string, scope: string, resource: string) =>
      forTokens(
        server,
        { do: 'login', user, client, scope },
        client,
        {
          grant_type: 'password',
          username: user,
          password: 'secret',
          scope,
          resource,
        },
        scope,
      ),

    refresh: (server: number, token: string, client: string, held: string, scope?: string) =>
      forTokens(
        server,
        { do: 'refresh', ...nameOf(token), client, ...(scope !== undefined && { scope }) },
        client,
        {
          grant_type: 'refresh_token',
          refresh_token: token,
          ...(scope !== undefined && { scope }),
        },
        scope ?? held,
      ),

    async logInClient(server: number) {
      let access = ''
      await record(server, { do: 'client login' }, () =>
        post(
          server,
          '/token',
          'service',
          { grant_type: 'client_credentials', scope: 'read' },
          (json) => {
            access = json.access_token
            return { is: 'ok', access: accessName(access) }
          },
        ),
      )
      return access
    },

    revokeLogin: (server: number, token: string, client: string) =>
      record(server, { do: 'revoke login', family: nameOf(token).family }, () =>
        post(server, '/revoke', client, { token }, () => ({ is: 'ok' })),
      ),

    revokeAccess: (server: number, token: string, client: string, family: string) =>
      record(server, { do: 'revoke access', access: accessName(token), family }, () =>
        post(server, '/revoke', client, { token }, () => ({ is: 'ok' })),
      ),

    /** By the login's own client: nobody else is told of refresh tokens. */
    introspectLogin: (server: number, token: string, client: string) =>
      record(server, { do: 'introspect login', ...nameOf(token) }, () =>
        post(server, '/introspect', client, { token }, isActive),
      ),

    introspectAccess: (server: number, token: string, family?: string) =>
      record(
        server,
        { do: 'introspect access', access: accessName(token), ...(family && { family }) },
        () => post(server, '/introspect', 'resource-server', { token }, isActive),
      ),

    verify: (server: number, token: string, family: string) =>
      record(server, { do: 'verify', access: accessName(token), family }, () =>
        answered<JSONWebKeySet>(
          fetch(`${urls[server]}/.well-known/jwks.json`, { signal: AbortSignal.timeout(patience) }),
          async (keys) => ({
            is: 'ok',
            yes: await compactVerify(token, createLocalJWKSet(keys)).then(
              () => true,
              () => false,
            ),
          }),
        ),
      ),

    addUser: (username: string, hash: string) => accounts.add({ username, hash }),

    disableUser: (user: string) =>
      record(-1, { do: 'disable user', user }, async () => {
        await accounts.disable(user)
        return { is: 'ok' }
      }),

    cutUserOff: async (user: string) => {
      const { id } = await accounts.show(user)
      return record(-1, { do: 'cut user off', user }, () =>
        operator.cutOff({ kind: 'user', sub: id }).then(
          () => ({ is: 'ok' }),
          () => ({ is: 'unknown', why: '503' }),
        ),
      )
    },
  }
}

const isActive = (json: Record<string, unknown>): Outcome =>
  typeof json.active === 'boolean'
    ? { is: 'ok', yes: json.active }
    : { is: 'wrong', what: 'an introspection without active' }

/** What an answer, or none, means. */
async function answered<Json>(
  asked: Promise<Response>,
  read: (json: Json) => Outcome | Promise<Outcome>,
): Promise<Outcome> {
  try {
    const response = await asked
    const json = JSON.parse(await response.text())
    if (response.status === 200) return await read(json)
    if (response.status === 400 || response.status === 401)
      return { is: 'refused', error: String(json.error) }
    if (response.status === 503 && response.headers.has('retry-after'))
      return { is: 'unknown', why: '503' }
    return { is: 'wrong', what: `status ${response.status} ${json.error}` }
  } catch (error) {
    if (error instanceof DOMException) return { is: 'wrong', what: 'no answer in ten seconds' }
    return { is: 'unknown', why: 'no answer' }
  }
}

/** What a refresh token says of itself before its MAC. */
export function nameOf(refreshToken: string): { family: string; generation: number } {
  const [family = '', generation] = refreshToken.split('.')
  return { family, generation: Number(generation) }
}

const accessName = (token: string) =>
  createHash('sha256').update(token).digest('base64url').slice(0, 16)

const issuedOf = (tokens: Tokens, scope: string): Issued => ({
  ...nameOf(tokens.refresh),
  access: accessName(tokens.access),
  scope,
})
