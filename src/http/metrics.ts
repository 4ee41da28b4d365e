import type { Context } from 'koa'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { parameter, type RequestFacts } from '../oauth/request.ts'
import { protocolError } from '../oauth/responses.ts'
import type { Connections } from './connections.ts'
import { measureConnections } from './metrics-connections.ts'
import { type HashingMetrics, measureHashing } from './metrics-hashing.ts'
import { type KeysMeasured, measureKeys } from './metrics-keys.ts'
import { measureReloads, type ReloadOutcome } from './metrics-reload.ts'
import { revocationsPath } from './revocations.ts'

export interface Metrics {
  /** Prometheus text. */
  read(): Promise<string>
  readonly measure: (ctx: Context, facts: RequestFacts, ms: number) => void
  readonly measureRequest: (path: string, status: number, seconds: number) => void
  /** A stored hash that nobody can verify. */
  unusableHash(): void
  readonly hashing: HashingMetrics
  /** An access token was signed by the key. */
  readonly tokenSigned: (kid: string) => void
  /** The configuration was read again, and taken up or not. */
  readonly reloaded: (outcome: ReloadOutcome) => void
  /** What `read` says, to be added up with that of other processes. */
  snapshot(): Promise<Snapshot>
}

export type Snapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

/** Paths that have a series of their own; others share one, or a scanner would make thousands. */
const paths = new Set([
  '/token',
  '/revoke',
  '/introspect',
  '/users/me',
  '/.well-known/jwks.json',
  revocationsPath,
])

export interface MeasuredParts {
  readonly passwords: () => { readonly running: number; readonly waiting: number }
  readonly feed: () => { readonly waiting: number }
  readonly keys: () => KeysMeasured
  /** The length of the log. */
  readonly revocations: () => Promise<number>
}

/** What is measured: requests by outcome and time, token requests by grant, passwords in work. */
export function createMetrics(parts: MeasuredParts, connections: Connections['load']): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const seconds = new Histogram({
    name: 'latchkey_request_seconds',
    help: 'Time to answer a request.',
    labelNames: ['path', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers,
  })
  const tokens = new Counter({
    name: 'latchkey_token_requests_total',
    help: 'Token requests by grant and outcome: issued, or the error code.',
    labelNames: ['grant', 'outcome'],
    registers,
  })
  const throttled = new Counter({
    name: 'latchkey_throttled_total',
    help: 'Requests refused because too much was tried before, by the budget that was exhausted.',
    labelNames: ['budget'],
    registers,
  })
  const unusable = new Counter({
    name: 'latchkey_unusable_hashes_total',
    help: 'Logins that met a stored hash that cannot be verified.',
    registers,
  })
  new Gauge({
    name: 'latchkey_revocation_followers_waiting',
    help: 'Requests for GET /revocations that wait for news.',
    registers,
    collect() {
      this.set(parts.feed().waiting)
    },
  })
  new Gauge({
    name: 'latchkey_revocations_logged',
    help: 'Revocations in the log; not a number while the store does not say.',
    // Of several workers: they have one store.
    aggregator: 'first',
    registers,
    async collect() {
      this.set(await parts.revocations().catch(() => Number.NaN))
    },
  })
  measureConnections(registers, connections)
  const measureRequest = (path: string, status: number, time: number) =>
    seconds.observe({ path: paths.has(path) ? path : 'other', status: String(status) }, time)
  return {
    measureRequest,
    read: () => registry.metrics(),
    snapshot: () => registry.getMetricsAsJSON(),
    unusableHash: () => unusable.inc(),
    hashing: measureHashing(registers, parts.passwords),
    tokenSigned: measureKeys(registers, parts.keys),
    reloaded: measureReloads(registers),
    measure({ path, method, status }, { throttled: budget, failure, form }, ms) {
      measureRequest(path, status, ms / 1000)
      if (budget !== undefined) throttled.inc({ budget })
      if (path !== '/token' || method !== 'POST') return
      const grant = parameter(form, 'grant_type') ?? ''
      const outcome = failure === undefined ? 'issued' : protocolError(failure).code
      tokens.inc({ grant: grants.has(grant) ? grant : 'other', outcome })
    },
  }
}

const grants = new Set(['password', 'refresh_token', 'client_credentials'])
