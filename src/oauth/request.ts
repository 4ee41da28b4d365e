import type { IncomingMessage } from 'node:http'
import type { Context } from 'koa'
import type { Family } from '../state/state.ts'
import type { OAuthError } from './error.ts'

/** The form of a request (RFC 6749 appendix B): known parameters, none twice but `resource`, none empty. */
export type Form = ReadonlyMap<string, readonly string[]>

/** How the client named itself. */
export interface PresentedClient {
  readonly id: string
  /** The secret as decoded and as sent raw (design D10): the right one is among them, or none is. */
  readonly secrets: readonly string[]
  /** Whether there is such a client. */
  readonly registered: boolean
  /** Whether one of them is the client's. */
  readonly proven?: true
  /** Whether it says once more what was just judged wrong (repeats.ts). */
  readonly repeated: boolean
}

/** An access token that we signed and verified, on its way through the engine (ADR 0001). */
export interface KnownToken {
  /** Stands for the token in the engine's parameter `token`. */
  readonly handle: string
  readonly kind: 'AccessToken' | 'ClientCredentials'
  readonly claims: Readonly<Record<string, unknown>>
}

/** What one request has found out so far; lives in `ctx.state`. */
export interface RequestFacts {
  /** Request id of log and response header. */
  id: string
  /** Client address as far as trusted proxies vouch for it. */
  address: string
  /** Whether the peer is a proxy whose headers are believed. */
  viaProxy?: boolean
  form?: Form
  presented?: PresentedClient
  token?: KnownToken
  /** Facts that go into the access token being issued. */
  family?: Family
  extra?: Readonly<Record<string, unknown>>
  /** The password or the client's secret was judged wrong. */
  wrong?: true
  /** The kind of budget that was exhausted, where too much has been tried. */
  throttled?: string
  /** Facts for the audit line of this request; nothing secret. */
  audit?: Record<string, unknown>
  failure?: OAuthError
}

export const factsOf = (ctx: Pick<Context, 'state'>): RequestFacts => ctx.state as RequestFacts

/** The values of a field as they came, one for each time that it was sent. Its name in lower case. */
export const valuesOf = ({ rawHeaders }: IncomingMessage, name: string): string[] =>
  rawHeaders.filter(
    (_, at) =>
      at % 2 === 1 &&
      rawHeaders[at - 1]?.length === name.length &&
      rawHeaders[at - 1]?.toLowerCase() === name,
  )

/** One value of a parameter that may not be repeated. */
export const parameter = (form: Form | undefined, name: string): string | undefined =>
  form?.get(name)?.[0]
