import type { IncomingMessage } from 'node:http'
import { OAuthError } from './error.ts'

/**
 * The body of a request as text, of at most `limit` bytes; what is no UTF-8 stands as U+FFFD. Of a
 * larger one the rest is not kept.
 *
 * @throws OAuthError invalid_request, with 413 for too much
 */
export function readBody(req: IncomingMessage, limit: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const tooLarge = () =>
    reject(
      new OAuthError('invalid_request', `the body is larger than ${limit} bytes`, { status: 413 }),
    )
  if (Number(req.headers['content-length'] ?? 0) > limit) {
    tooLarge()
    return promise
  }
  const chunks: Buffer[] = []
  let length = 0
  req.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length <= limit) chunks.push(chunk)
    else tooLarge()
  })
  req.on('end', () => resolve(Buffer.concat(chunks).toString()))
  const unread = (cause?: Error) =>
    reject(new OAuthError('invalid_request', 'the body could not be read', { cause }))
  req.on('error', unread)
  req.on('close', unread)
  return promise
}
