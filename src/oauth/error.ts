const statusOf = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  invalid_scope: 400,
  // RFC 8707 section 2
  invalid_target: 400,
  // RFC 7009 section 2.2.1
  unsupported_token_type: 400,
  // RFC 9449 sections 5 and 8
  invalid_dpop_proof: 400,
  use_dpop_nonce: 400,
  // RFC 6750 section 3.1
  invalid_token: 401,
  insufficient_scope: 403,
  // RFC 7009 section 2.2.1 asks for 503 and names no code; this is RFC 6749 section 4.1.2.1's.
  temporarily_unavailable: 503,
  server_error: 500,
} as const

export type ErrorCode = keyof typeof statusOf

export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(statusOf, code)

/** RFC 6749 section 5.2: the code decides the status; the description is the client's, the cause stays in our log. */
export class OAuthError extends Error {
  override readonly name = 'OAuthError'
  readonly code: ErrorCode
  readonly status: number
  /** Seconds, for 429 and 503 (RFC 9110 section 10.2.3). */
  readonly retryAfter: number | undefined

  constructor(
    code: ErrorCode,
    description: string,
    options: {
      /** Where HTTP has a more exact word for an invalid request, or for too many of them. */
      readonly status?: 405 | 413 | 415 | 429
      readonly retryAfter?: number
      readonly cause?: unknown
    } = {},
  ) {
    super(description, { cause: options.cause })
    this.code = code
    this.status = options.status ?? statusOf[code]
    this.retryAfter = options.retryAfter
  }
}

/** RFC 6749 appendix A.8: what may stand in error_description, whatever input it echoes. */
export const descriptionText = (text: string): string =>
  text
    .replaceAll('"', "'")
    .replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?')
    .slice(0, 300)
