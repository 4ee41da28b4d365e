import { readFileSync } from 'node:fs'
import { logRetentionByDefault } from './lifetimes.ts'

/** What `state` in the configuration says about Redis, and what the rest of it means for the log. */
export interface RedisSettings {
  /** redis:// or rediss://, with user, password and database number. */
  readonly url: string
  /** What every key begins with; `latchkey`. */
  readonly prefix?: string | undefined
  readonly sentinel?: { readonly name: string; readonly hosts: readonly string[] } | undefined
  readonly cluster?: readonly string[] | undefined
  /** Replicas that must have a revocation before it is acknowledged; 0. */
  readonly replicas?: number | undefined
  /** Milliseconds to wait for them; 200. */
  readonly replicaTimeout?: number | undefined
  /** Milliseconds after which the outcome of a command counts as unknown; 1000. */
  readonly timeout?: number | undefined
  /** Path of the authority to trust, PEM. */
  readonly ca?: string | undefined
  readonly allowUnsafePersistence?: boolean | undefined
  /** Seconds for which the log keeps a revocation: the longest life of an access token, and what clocks differ; 3600. */
  readonly logRetention?: number | undefined
}

/** The settings with their defaults, taken apart as far as no client library is concerned. */
export function readSettings(settings: RedisSettings) {
  const url = new URL(settings.url)
  return {
    prefix: settings.prefix ?? 'latchkey',
    replicas: settings.replicas ?? 0,
    replicaTimeout: settings.replicaTimeout ?? 200,
    timeout: settings.timeout ?? 1000,
    allowUnsafePersistence: settings.allowUnsafePersistence ?? false,
    logRetention: settings.logRetention ?? logRetentionByDefault,
    /** How the server is called in logs: without credentials. */
    name: settings.sentinel
      ? `Sentinel ${settings.sentinel.name}`
      : (settings.cluster?.join(', ') ?? url.host),
    host: hostOf(url),
    port: Number(url.port || 6379),
    database: Number(url.pathname.slice(1) || 0),
    ...credentials(url),
    tls:
      url.protocol === 'rediss:'
        ? { ...(settings.ca !== undefined && { ca: readFileSync(settings.ca) }) }
        : undefined,
    sentinel: settings.sentinel && {
      name: settings.sentinel.name,
      hosts: settings.sentinel.hosts.map(address),
    },
    cluster: settings.cluster?.map(address),
  }
}

/** `host:port`, or `user:password@host:port` for Sentinels that ask for it. */
function address(text: string) {
  const url = new URL(`redis://${text}`)
  return { host: hostOf(url), port: Number(url.port), ...credentials(url) }
}

function credentials(url: URL) {
  return {
    ...(url.username !== '' && { username: decodeURIComponent(url.username) }),
    ...(url.password !== '' && { password: decodeURIComponent(url.password) }),
  }
}

/** An IPv6 address has brackets in a URL and none in a socket address. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1')
}
