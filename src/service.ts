import { readFileSync } from 'node:fs'
import { createApplication } from './application.ts'
import { registerClients } from './clients/client.ts'
import { createJudgeSecret } from './clients/judge-secret.ts'
import { createClientThrottle } from './clients/throttle.ts'
import type { Config } from './config/schema.ts'
import { logRetention, signing } from './config/signing.ts'
import { listen } from './http/listen.ts'
import { createLog, type Logger } from './http/log.ts'
import { createMetrics, metricsListener } from './http/metrics.ts'
import type { KeySet } from './keys/key-set.ts'
import { openKeyStore } from './keys/key-store.ts'
import { type CertificateSource, certificatesIn } from './oauth/certificate.ts'
import { engineNotices } from './oauth/notices.ts'
import { createPasswords } from './passwords/index.ts'
import { openState } from './state/index.ts'
import { trackEpoch } from './tokens/epoch.ts'
import { createLiveness } from './tokens/liveness.ts'
import { createRevocationFeed } from './tokens/revocation-feed.ts'
import { createAuthenticate } from './users/authenticate.ts'
import { openDirectories } from './users/index.ts'
import { createRehash } from './users/rehash.ts'
import { keepSampling } from './users/sample.ts'
import { createStanding } from './users/standing.ts'
import { createThrottle } from './users/throttle.ts'

export interface Service {
  /** Where it listens. */
  readonly url: string
  readonly metricsUrl: string | undefined
  /** Stops accepting, finishes what is in flight, closes the stores. */
  close(): Promise<void>
}

/** How long requests in flight may take to finish at shutdown, in milliseconds. */
const grace = 8000

/** Builds every part once and mounts them in order. Throws an operator error when a part cannot be had. */
export async function startService(
  config: Config,
  log: Logger = createLog(config.log),
): Promise<Service> {
  const closing: (() => Promise<void>)[] = []
  try {
    const clients = registerClients(config.clients)
    const retention = logRetention(config)
    const state = await openState({ ...config.state, logRetention: retention }, (level, message) =>
      log[level](message),
    )
    closing.push(() => state.close())
    const users = await openDirectories(config.users, log)
    closing.push(() => users.close())
    const keys = await openKeyStore({
      ...signing(config),
      onFault: (fault) => log.error({ error: String(fault) }, 'the folder of the keys is spoiled'),
    })
    closing.push(() => keys.close())
    const epoch = await trackEpoch(state)
    closing.push(async () => epoch.close())

    const dummyKey = keys.current().refreshTokenKey
    const passwords = createPasswords({ ...config.passwords, dummyKey })
    const endSampling = keepSampling(users, passwords, ({ message: error }) =>
      log.warn({ error }, 'unknown names cost what logins cost, not what the table holds'),
    )
    closing.push(async () => endSampling())
    const feed = createRevocationFeed({
      state,
      issuer: config.issuer,
      keys: () => keys.current(),
      algorithm: config.apis[0]?.algorithm ?? 'ES256',
      retention,
    })
    const metrics = createMetrics({
      passwords: passwords.load,
      feed: feed.load,
      revocations: async () => (await state.revocationLog()).length,
    })
    const audit = log.child({ log: 'audit' })
    const rehash = createRehash({
      users,
      passwords,
      onRehashed: (outcome) => audit.info({ event: 'password.rehashed', ...outcome }),
      onFailure: (failure) => log.warn(failure, 'a password hash was not replaced'),
    })
    closing.push(() => rehash.close())
    const authenticate = createAuthenticate({
      users,
      passwords,
      rehash,
      throttle: createThrottle(state, config.throttle),
      isClient: (sub) => clients.has(sub),
      onUnusableHash: (fault) => {
        metrics.unusableHash()
        log.warn(fault, 'a stored password hash cannot be verified: see latchkey inspect-hashes')
      },
    })
    const judgeSecret = createJudgeSecret(clients, createClientThrottle(state, config.throttle))
    const liveness = createLiveness(state, epoch, createStanding(users))
    const ready = async () => {
      await Promise.all([state.check(), users.check()])
    }

    const application = (keySet: KeySet) =>
      createApplication({
        config,
        log,
        metrics,
        clients,
        judgeSecret,
        certificates: certificateSource(config),
        state,
        users,
        authenticate,
        liveness,
        epoch: epoch.current,
        feed,
        ready,
        keys: keySet,
      })

    engineNotices(log)
    let handler = await application(keys.current())
    keys.onChange((keySet) => {
      application(keySet).then(
        (next) => {
          handler = next
          log.info({ keys: keySet.keys.map(({ kid, state: is }) => ({ kid, is })) }, 'keys changed')
        },
        (error: Error) => log.error({ error: error.message }, 'the new keys could not be taken up'),
      )
    })

    const listener = await listen((req, res) => handler(req, res), config.listen, config.tls)
    closing.push(() => listener.close(grace))
    // Before the listener: who waits for news would keep it open.
    closing.push(async () => feed.close())
    const metricsAt =
      config.metrics && (await listen(metricsListener(metrics), config.metrics, undefined))
    if (metricsAt) closing.push(() => metricsAt.close(0))
    log.info({ url: listener.url, issuer: config.issuer, metrics: metricsAt?.url }, 'listening')
    return { url: listener.url, metricsUrl: metricsAt?.url, close: () => closeAll(closing) }
  } catch (error) {
    await closeAll(closing)
    throw error
  }
}

/** Certificates come over our own TLS, or from the proxy that ends it. */
function certificateSource({ tls, proxy }: Config): CertificateSource | undefined {
  const header = proxy?.clientCertificateHeader
  if (tls?.clientCa === undefined && header === undefined) return undefined
  const authorities = proxy?.clientCa && certificatesIn(readFileSync(proxy.clientCa, 'utf8'))
  return { header, ...(authorities && { authorities }) }
}

/** Last opened, first closed. */
async function closeAll(closing: (() => Promise<void>)[]): Promise<void> {
  for (const close of closing.splice(0).reverse()) await close()
}
