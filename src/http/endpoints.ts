import Router from '@koa/router'
import type { Middleware } from 'koa'
import type { Clients } from '../clients/client.ts'
import type { JudgeSecret } from '../clients/judge-secret.ts'
import { presentClient } from '../oauth/client-authentication.ts'
import { OAuthError } from '../oauth/error.ts'
import { readForm } from '../oauth/form.ts'
import { introspectionJwt } from '../oauth/introspection-jwt.ts'
import type { MetadataFacts } from '../oauth/metadata.ts'
import { type FindPlace, placeForLogin } from '../oauth/place-for-login.ts'
import { answer } from '../oauth/responses.ts'
import { routes } from '../oauth/routes.ts'
import { presentToken, type VerifyOwnToken } from '../oauth/structured-tokens.ts'
import type { AccessTokenVerifier } from '../resource-server/index.ts'
import type { RevocationFeed } from '../tokens/revocation-feed.ts'
import type { StatusListTokens } from '../tokens/status/document.ts'
import { statusListPath } from '../tokens/status/place.ts'
import type { Directory } from '../users/directory.ts'
import { type AdministrationParts, administration } from './administration.ts'
import { clientCors, openCors } from './cors.ts'
import { deadline } from './deadline.ts'
import { type PublicDocument, serve } from './documents.ts'
import { longestWait, revocations, revocationsPath } from './revocations.ts'
import { statusList, statusLists } from './status-lists.ts'
import { protectProfile, usersMe } from './users-me.ts'

export interface EndpointParts extends Omit<MetadataFacts, 'clients'> {
  readonly clients: Clients
  readonly defaultClient: string | undefined
  readonly judgeSecret: JudgeSecret
  readonly findPlace: FindPlace
  /** Bytes. */
  readonly bodyLimit: number
  /** Milliseconds. */
  readonly answerTimeout: number
  readonly users: Directory
  /** For GET /users/me. */
  readonly verifier: AccessTokenVerifier
  /** For introspection. */
  readonly verifyOwn: VerifyOwnToken
  /** For revocation: whatever the clock says. */
  readonly verifyRevoked: VerifyOwnToken
  /** By path. */
  readonly documents: ReadonlyMap<string, PublicDocument>
  /** Undefined where it is off. */
  readonly feed: RevocationFeed | undefined
  /** Undefined where no API has any. */
  readonly statusLists: StatusListTokens | undefined
  /** Undefined where it is off. */
  readonly administration: AdministrationParts | undefined
  readonly ready: () => Promise<void>
}

/**
 * Every endpoint, in one table. The first three end in the engine, which is mounted after it
 * (service.ts): their middleware puts the request in order for it, and its answer in order for the client.
 */
export function endpoints(parts: EndpointParts): Router {
  const { issuer, clients } = parts
  const router = new Router({ strict: true, sensitive: true })
  const cors = clientCors(clients, 'POST')
  const profileCors = clientCors(clients, 'GET, HEAD')
  const inTime = deadline(parts.answerTimeout)
  const request = [answer(issuer), cors, inTime, readForm(parts.bodyLimit), presentClient(parts)]

  router.post(routes.token, ...request, placeForLogin(parts.findPlace), engine)
  router.post(routes.revocation, ...request, presentToken(parts.verifyRevoked), engine)
  router.post(
    routes.introspection,
    ...request,
    introspectionJwt(parts),
    presentToken(parts.verifyOwn),
    engine,
  )
  for (const path of [routes.token, routes.revocation, routes.introspection])
    router.options(path, cors)

  for (const [path, document] of parts.documents) {
    router.get(path, openCors, serve(document))
    router.options(path, openCors)
  }

  if (parts.feed) {
    const newsInTime = deadline(longestWait * 1000 + parts.answerTimeout)
    router.get(revocationsPath, openCors, newsInTime, revocations(parts.feed))
    router.options(revocationsPath, openCors)
  }

  if (parts.statusLists) {
    const path = `${statusListPath}/:client/:number`
    router.get(statusListPath, openCors, inTime, statusLists(parts.statusLists))
    router.get(path, openCors, inTime, statusList(parts.statusLists))
    for (const each of [statusListPath, path]) router.options(each, openCors)
  }

  if (parts.administration) {
    const { paths, guard, sessions, revoke } = administration(parts.administration, parts)
    router.get(paths.sessions, inTime, ...guard, sessions)
    router.post(paths.revocations, inTime, ...guard, revoke)
  }

  router.get(routes.authorization, answer(issuer), refuseAuthorization)
  router.options('/users/me', profileCors)
  router.get(
    '/users/me',
    profileCors,
    inTime,
    protectProfile(parts.verifier, issuer, parts.certificates),
    usersMe(parts.users, issuer),
  )
  router.get('/healthz', async (ctx) => {
    ctx.body = { status: 'ok' }
  })
  router.get('/readyz', inTime, async (ctx) => {
    const ready = await parts.ready().then(
      () => true,
      () => false,
    )
    ctx.set('Cache-Control', 'no-store')
    ctx.status = ready ? 200 : 503
    ctx.body = { ready }
  })
  return router
}

/** Goes on to the engine, which knows the same paths (oauth/routes.ts). */
const engine: Middleware = (_ctx, next) => next()

const refuseAuthorization: Middleware = async () => {
  throw new OAuthError('unauthorized_client', 'no client here may use the authorization endpoint')
}
