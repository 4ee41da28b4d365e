import type { Clients } from './clients/client.ts'
import type { JudgeSecret } from './clients/judge-secret.ts'
import type { Config } from './config/schema.ts'
import { logRetention, longestAccessToken } from './config/signing.ts'
import { arriveVia } from './http/arrival.ts'
import { byPath } from './http/by-path.ts'
import { reachDirectly } from './http/direct.ts'
import { publicDocuments } from './http/documents.ts'
import { endpoints } from './http/endpoints.ts'
import { exchange } from './http/exchange.ts'
import { front } from './http/front.ts'
import type { Handler } from './http/in-flight.ts'
import { type Logger, requestLines, requestLog } from './http/log.ts'
import type { Metrics } from './http/metrics.ts'
import type { KeySet } from './keys/key-set.ts'
import type { CertificateSource } from './oauth/certificate.ts'
import type { FindPlace } from './oauth/place-for-login.ts'
import { proofAlgorithms } from './oauth/proof-algorithms.ts'
import { createProvider } from './oauth/provider.ts'
import { BearerError, createVerifier } from './resource-server/index.ts'
import type { State } from './state/state.ts'
import { type Ending, end, sessionsOf } from './tokens/ending.ts'
import { accessTokenFacts, type Liveness } from './tokens/liveness.ts'
import type { RevocationFeed } from './tokens/revocation-feed.ts'
import { createStatusListTokens } from './tokens/status/document.ts'
import { createStatusLists } from './tokens/status/lists.ts'
import type { Authenticate } from './users/authenticate.ts'
import type { Directory } from './users/directory.ts'

export interface ApplicationParts {
  readonly config: Config
  readonly log: Logger
  readonly metrics: Metrics
  readonly clients: Clients
  readonly judgeSecret: JudgeSecret
  readonly certificates: CertificateSource | undefined
  readonly state: State
  readonly users: Directory
  readonly authenticate: Authenticate
  readonly findPlace: FindPlace
  readonly liveness: Liveness
  readonly epoch: () => string
  readonly feed: RevocationFeed
  readonly ready: () => Promise<void>
  readonly keys: KeySet
}

/** Everything between a request and its answer, for one set of keys, mounted in the order in which a request meets it. */
export async function createApplication(parts: ApplicationParts): Promise<Handler> {
  const { config, log, metrics, keys } = parts
  const { issuer, apis } = config
  const provider = await createProvider({
    ...parts,
    issuer,
    apis,
    requireNonce: config.dpop.requireNonce,
  })
  const { certificates } = parts
  const clients = [...parts.clients.values()]
  const { publishAhead } = config.keys
  const documents = publicDocuments({ issuer, apis, clients, keys, certificates, publishAhead })
  const router = endpoints({
    ...parts,
    documents,
    feed: config.revocations.feed ? parts.feed : undefined,
    issuer,
    apis,
    defaultClient: config.defaultClient,
    bodyLimit: config.bodyLimit,
    answerTimeout: config.http.answerTimeout,
    statusLists: statusListTokens(parts),
    ...verifiers(parts),
  })
  provider.silent = true
  const arrive = arriveVia(config.proxy?.trusted ?? [])
  const logRequest = requestLines(log)
  const tell = [metrics.measure, requestLog(log, logRequest)]
  reachDirectly(provider)
  provider.use(exchange({ issuer, arrive, tell })).use(byPath(router))
  log.debug({ keys: keys.keys.map(({ kid, state }) => ({ kid, state })) }, 'keys in use')
  const { measureRequest } = metrics
  return front({ issuer, documents, arrive, logRequest, measureRequest }, provider.callback())
}

/** Undefined where no API has its tokens in a list. */
function statusListTokens({ config, keys, state, clients }: ApplicationParts) {
  const { issuer, apis } = config
  const [first] = apis
  if (first === undefined || !apis.some((api) => api.statusList)) return undefined
  const lists = createStatusLists({
    state,
    clients: [...clients.keys()],
    secret: keys.refreshTokenKey,
    retention: logRetention(config),
  })
  return createStatusListTokens({ issuer, keys, algorithm: first.algorithm, lists })
}

/** Our own tokens, checked by the code that other people's APIs use: at GET /users/me and in administration, at introspection and revocation. */
function verifiers({ config, keys, state, liveness }: ApplicationParts) {
  const { issuer, apis } = config
  const own = { issuer, jwks: { keys: keys.keys.map(({ publicJwk }) => publicJwk) } }
  const profile = apis.filter((api) => api.profile).map(({ audience }) => audience)
  const audience = apis.map((api) => api.audience)
  const inspector = createVerifier({ ...own, audience })
  // What is to be revoked may be expired by this machine's clock alone, and live by another's.
  const undertaker = createVerifier({ ...own, audience, clockTolerance: Number.MAX_SAFE_INTEGER })
  const protecting = (audience: string | readonly string[]) =>
    createVerifier({
      ...own,
      audience,
      dpop: {
        origin: new URL(issuer).origin,
        algorithms: proofAlgorithms,
        firstUse: (id, expiresAt) =>
          state.once(`dpop ${id}`, Math.max(1, expiresAt - Math.floor(Date.now() / 1000))),
      },
      isRevoked: async (claims) => {
        const facts = accessTokenFacts(claims)
        return facts === undefined || !(await liveness(facts)).live
      },
    })
  return {
    verifyOwn: (token: string) => inspector.inspect(token).catch(unlessForeign),
    verifyRevoked: (token: string) => undertaker.inspect(token).catch(unlessForeign),
    verifier: protecting(profile.length > 0 ? profile : issuer),
    administration: config.administration && {
      verifier: protecting(config.administration.audience),
      scope: config.administration.scope,
      sessionsOf: (sub: string) => sessionsOf(state, sub),
      end: (ending: Ending) => end(state, ending, longestAccessToken(config)),
    },
  }
}

function unlessForeign(error: unknown): undefined {
  if (!(error instanceof BearerError)) throw error
}
