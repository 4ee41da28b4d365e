import type { JSONWebKeySet } from 'jose'

export type JsonDocument = Readonly<Record<string, unknown>>

export const readDocument = async (url: string): Promise<JsonDocument> =>
  (await (await fetch(url)).json()) as JsonDocument

/** RFC 8414 section 3: of an issuer without a path. */
export const readMetadata = (issuer: string): Promise<JsonDocument> =>
  readDocument(`${issuer}/.well-known/oauth-authorization-server`)

export const readJwks = async (issuer: string): Promise<JSONWebKeySet> =>
  (await (await fetch(`${issuer}/.well-known/jwks.json`)).json()) as JSONWebKeySet
