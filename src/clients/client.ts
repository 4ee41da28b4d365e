import type { Algorithm } from '../keys/algorithms.ts'

/** A client as it is registered (RFC 6749 section 2). */
export interface Client {
  readonly id: string
  readonly name?: string | undefined
  readonly public: boolean
  readonly authentication:
    | 'secret'
    | 'private_key_jwt'
    | 'tls_client_auth'
    | 'self_signed_tls_client_auth'
  /** Stored forms (clients/secrets.ts), all of them valid. */
  readonly secrets: readonly string[]
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] } | undefined
  readonly certificate?:
    | {
        readonly subjectDn?: string | undefined
        readonly sanDns?: string | undefined
        readonly sanUri?: string | undefined
        readonly sanIp?: string | undefined
        readonly sanEmail?: string | undefined
      }
    | undefined
  readonly grants: readonly string[]
  /** Audiences it may ask for, the default first; empty = every API. */
  readonly apis: readonly string[]
  readonly scopes?: readonly string[] | undefined
  readonly defaultScopes?: readonly string[] | undefined
  readonly origins: readonly string[]
  /** Seconds. */
  readonly refresh: { readonly idle: number; readonly absolute: number; readonly grace: number }
  /** Seconds. */
  readonly accessTokenLifetime?: number | undefined
  readonly algorithm?: Algorithm | undefined
  readonly introspectAll: boolean
  readonly dpopBound: boolean
  readonly certificateBound: boolean
}

export type Clients = ReadonlyMap<string, Client>

export const registerClients = (clients: readonly Client[]): Clients =>
  new Map(clients.map((client) => [client.id, client]))

/**
 * Whether a browser page of this origin may read this client's answers. A registered loopback
 * origin without a port stands for every port, as development servers move about.
 */
export function allowsOrigin(client: Client, origin: string): boolean {
  return client.origins.some(
    (allowed) =>
      allowed === origin ||
      (/^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])$/.test(allowed) &&
        origin.startsWith(`${allowed}:`) &&
        /^[0-9]{1,5}$/.test(origin.slice(allowed.length + 1))),
  )
}
