import { readFileSync } from 'node:fs'
import { createApplication } from './application.ts'
import { registerClients } from './clients/client.ts'
import { createJudgeSecret } from './clients/judge-secret.ts'
import { createClientThrottle } from './clients/throttle.ts'
import type { Config } from './config/schema.ts'
import { logRetention, signing } from './config/signing.ts'
import { warnings } from './config/warnings.ts'
import { type Handler, trackInFlight } from './http/in-flight.ts'
import type { Logger } from './http/log.ts'
import type { MeasuredParts, Metrics } from './http/metrics.ts'
import { vaultOf } from './keys/guard.ts'
import { homeOf } from './keys/home.ts'
import type { KeySet } from './keys/key-set.ts'
import { openKeyStore } from './keys/key-store.ts'
import { type CertificateSource, certificatesIn } from './oauth/certificate.ts'
import { createPasswords } from './passwords/index.ts'
import { openState } from './state/index.ts'
import { trackEpoch } from './tokens/epoch.ts'
import { createLiveness } from './tokens/liveness.ts'
import { createRevocationFeed } from './tokens/revocation-feed.ts'
import { createAuthenticate } from './users/authenticate.ts'
import { openDirectories } from './users/index.ts'
import { lineOf } from './users/line.ts'
import { inNetworks } from './users/network.ts'
import { createRehash } from './users/rehash.ts'
import { keepSampling } from './users/sample.ts'
import { createStanding } from './users/standing.ts'
import { createThrottle } from './users/throttle.ts'

/** All that one configuration calls for, but the listeners: these outlive it (service.ts). */
export interface Parts {
  readonly handle: Handler
  readonly measured: MeasuredParts
  /** Rejects while the state or a directory does not answer. */
  readonly ready: () => Promise<void>
  /** Answers who waits for news, and lets nobody wait any more. */
  hurry(): void
  /** Finishes what is under way, for at most so many milliseconds, and closes all. */
  close(grace: number): Promise<void>
}

/** Builds every part once. Throws an operator error when one cannot be had, and then leaves none open. */
export async function openParts(
  config: Config,
  log: Logger,
  metrics: Metrics,
  processes: number,
): Promise<Parts> {
  const closing: (() => Promise<void>)[] = []
  try {
    for (const warning of warnings(config)) log.warn(warning)
    const clients = registerClients(config.clients)
    const retention = logRetention(config)
    const state = await openState({ ...config.state, logRetention: retention }, (level, message) =>
      log[level](message),
    )
    closing.push(() => state.close())
    const users = await openDirectories(config.users, log)
    closing.push(() => users.close())
    const audit = log.child({ log: 'audit' })
    const { folder, schedule } = signing(config)
    const vault = vaultOf(config.keys)
    closing.push(() => vault.close())
    const keys = await openKeyStore({
      home: homeOf(folder, state),
      vault,
      records: state,
      schedule,
      onFault: (fault) =>
        log.error({ error: String(fault) }, 'the keys cannot be read, or taken up'),
      onEvent: (event) => audit.info(event),
      onToken: metrics.tokenSigned,
    })
    closing.push(() => keys.close())
    const epoch = await trackEpoch(state)
    closing.push(async () => epoch.close())

    const passwords = createPasswords({
      ...config.passwords,
      dummyKey: keys.current().refreshTokenKey,
      ...metrics.hashing,
      processes,
    })
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
    const rehash = createRehash({
      users,
      passwords,
      onRehashed: (outcome) => audit.info({ event: 'password.rehashed', ...outcome }),
      onFailure: (failure) => log.warn(failure, 'a password hash was not replaced'),
    })
    closing.push(() => rehash.close())
    const exempt = inNetworks(config.throttle.exempt)
    const authenticate = createAuthenticate({
      users,
      passwords,
      rehash,
      throttle: createThrottle(
        { state, exempt, key: keys.current().refreshTokenKey },
        config.throttle,
      ),
      isClient: (sub) => clients.has(sub),
      onUnusableHash: (fault) => {
        metrics.unusableHash()
        log.warn(fault, 'a stored password hash cannot be verified: see latchkey inspect-hashes')
      },
    })
    const judgeSecret = createJudgeSecret(
      clients,
      createClientThrottle({ state, exempt }, config.throttle),
    )
    const liveness = createLiveness(state, epoch, createStanding(users))
    const ready = async () => {
      keys.check()
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
        findPlace: (client, address) => passwords.turnAway(lineOf(client, address)),
        liveness,
        epoch: epoch.current,
        feed,
        ready,
        keys: keySet,
      })

    let handler = await application(keys.current())
    keys.onChange(async (keySet) => {
      handler = await application(keySet)
      log.info({ keys: keySet.keys.map(({ kid, state: is }) => ({ kid, is })) }, 'keys changed')
    })

    const requests = trackInFlight((req, res) => handler(req, res))
    return {
      handle: requests.handle,
      measured: {
        passwords: passwords.load,
        feed: feed.load,
        keys: keys.load,
        revocations: async () => (await state.revocationLog()).length,
      },
      ready,
      hurry: () => feed.close(),
      async close(grace) {
        feed.close()
        await requests.settled(grace)
        await closeAll(closing)
      },
    }
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

/** Last opened, first closed; all of them, and then the first failure is thrown. */
async function closeAll(closing: (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = []
  for (const close of closing.splice(0).reverse()) {
    await close().catch((failure) => failures.push(failure))
  }
  if (failures.length > 0) throw failures[0]
}
