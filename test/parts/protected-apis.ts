import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import express from 'express'
import fastify from 'fastify'
import Koa from 'koa'
import {
  type AccessTokenClaims,
  type AccessTokenVerifier,
  expressAccessToken,
  fastifyAccessToken,
  fetchAccessToken,
  type GuardOptions,
  koaAccessToken,
} from '../../src/resource-server/index.ts'
import { listen } from './listen.ts'

export interface Api {
  readonly url: string
  close(): Promise<void>
}

type StartApi = (verifier: AccessTokenVerifier, options?: GuardOptions) => Promise<Api>

declare module 'fastify' {
  interface FastifyRequest {
    accessToken?: AccessTokenClaims
  }
}

declare module 'express-serve-static-core' {
  interface Request {
    accessToken?: AccessTokenClaims
  }
}

/** One API per adapter. Each answers any GET with the claims of the token. */
export const protectedApis: Readonly<Record<'koa' | 'express' | 'fastify' | 'fetch', StartApi>> = {
  koa(verifier, options) {
    const app = new Koa()
    app.use(koaAccessToken(verifier, options))
    app.use((ctx) => {
      ctx.body = ctx.state.accessToken
    })
    return listen(createServer(app.callback()))
  },

  express(verifier, options) {
    const app = express()
    // In a router, which rewrites req.url: the proof is for the whole path.
    const router = express.Router()
    router.get('/me', expressAccessToken(verifier, options), (req, res) => {
      res.json(req.accessToken)
    })
    app.use('/users', router)
    return listen(createServer(app))
  },

  async fastify(verifier, options) {
    const app = fastify()
    app.addHook('onRequest', fastifyAccessToken(verifier, options))
    app.get('/users/me', async (request) => request.accessToken)
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    return { url, close: () => app.close() }
  },

  fetch(verifier, options) {
    const handle = fetchAccessToken(verifier, options)((_, claims) => Response.json(claims))
    return listen(
      createServer(async (req, res) => {
        const headers = new Headers()
        for (const [index, name] of req.rawHeaders.entries()) {
          if (index % 2 === 0) headers.append(name, req.rawHeaders[index + 1] ?? '')
        }
        const url = `http://${req.headers.host}${req.url}`
        const answer = await handle(new Request(url, { method: req.method ?? 'GET', headers }))
        res.writeHead(answer.status, Object.fromEntries(answer.headers))
        Readable.from(Buffer.from(await answer.arrayBuffer())).pipe(res)
      }),
    )
  },
}
