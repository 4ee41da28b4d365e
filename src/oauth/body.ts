import type { Context } from 'koa'
import { OAuthError } from './error.ts'

const utf8 = new TextDecoder()

/**
 * Reads a body of at most `limit` bytes as text, as it comes: no content coding is undone, and what
 * is no UTF-8 stands as U+FFFD.
 *
 * @throws OAuthError invalid_request, with 413 for too much
 */
export function bodyReader(limit: number): (ctx: Pick<Context, 'req'>) => Promise<string> {
  const tooLarge = () =>
    new OAuthError('invalid_request', `the body is larger than ${limit} bytes`, { status: 413 })
  const unreadable = (cause?: Error) =>
    new OAuthError('invalid_request', 'the body could not be read', { cause })

  return ({ req }) =>
    new Promise((resolve, reject) => {
      if (req.destroyed) return reject(unreadable())
      if (Number(req.headers['content-length']) > limit) return reject(tooLarge())
      const chunks: Buffer[] = []
      let size = 0
      const take = (chunk: Buffer) => {
        size += chunk.length
        if (size <= limit) return chunks.push(chunk)
        // Node takes and drops the rest once the refusal is out.
        req.off('data', take).pause()
        return reject(tooLarge())
      }
      req.on('data', take)
      req.once('end', () =>
        resolve(utf8.decode(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))),
      )
      req.once('error', (cause) => reject(unreadable(cause)))
      req.once('close', () => reject(unreadable()))
    })
}
