import { Cluster, Redis, type RedisOptions } from 'ioredis'
import type { RedisConnection } from './redis-connection.ts'
import { gathering } from './redis-gathering.ts'
import { type RedisSettings, readSettings } from './redis-options.ts'
import { announce, isReady } from './redis-readiness.ts'
import { unsafety } from './redis-safety.ts'
import { loaded } from './redis-script.ts'
import { slotOf } from './redis-slot.ts'
import { redisState } from './redis-state.ts'
import { type State, type StateLog, StateUnavailable } from './state.ts'

type Client = Redis | Cluster
type Settings = ReturnType<typeof readSettings>
type Words = [command: string, ...rest: (string | number)[]]

/** Milliseconds between two looks at whether the server still keeps what it is told. */
const inspectionInterval = 60_000

/**
 * Opens the state in Redis 6.2 or later, or Valkey: one server, Sentinel or Cluster. A server that
 * cannot be reached may come later; `check` fails until then.
 * @throws Error, for the operator, when the server is there and may lose what it is told.
 */
export async function openRedis(options: RedisSettings, log: StateLog): Promise<State> {
  const settings = readSettings(options)
  const { name, replicas, replicaTimeout, timeout, allowUnsafePersistence } = settings
  const client = connect(settings)
  // WAIT holds up every command behind it, so what waits for replicas has a connection of its own.
  const durable = replicas > 0 ? connect(settings) : client
  announce(client, name, log)
  if (durable !== client) durable.on('error', () => {})

  let warned: string | undefined
  const inspect = async () => {
    const masters = client instanceof Cluster ? client.nodes('master') : [client]
    const infos = await answered(Promise.all(masters.map((node) => node.info())))
    const reason = infos.map(unsafety).find((each) => each !== undefined)
    const complaint = reason && `Redis at ${name} cannot be trusted with revocations: ${reason}`
    if (complaint !== undefined && complaint !== warned) log('warn', complaint)
    warned = complaint
    if (complaint !== undefined && !allowUnsafePersistence) throw new Error(complaint)
  }

  let fault: Error | undefined = new StateUnavailable('Redis was never seen')
  const look = async () => {
    fault = await inspect().then(
      () => undefined,
      (error: Error) => error,
    )
    return fault
  }
  client.on('ready', look)
  const timer = setInterval(look, inspectionInterval).unref()
  let closed = false
  const clients = new Set([client, durable])
  for (const each of clients) {
    // ioredis gives up for good when a failover is announced while it asks Sentinel for the master.
    each.on('end', () => {
      if (!closed) setTimeout(() => each.connect().catch(() => {}), 200).unref()
    })
  }
  const close = async () => {
    closed = true
    clearInterval(timer)
    for (const each of clients) each.disconnect()
  }

  const gather = gathering(client)
  const send = (...words: Words) => {
    gather()
    return answered(client.call(...words))
  }
  const sendDurably = async (key: string, words: Words) => {
    if (replicas === 0) return send(...words)
    const ask = async () => {
      const node = nodeOf(durable, key)
      return node && replicated(node, words, replicas, replicaTimeout)
    }
    let reply = await ask()
    if (reply === undefined || (reply instanceof Error && reply.message.startsWith('MOVED'))) {
      // A lone command finds the node, wherever it is, and the client has the map after it.
      await answered(durable.call('exists', key))
      reply = await ask()
    }
    if (reply === undefined) throw new StateUnavailable('Redis: no node has the key')
    if (reply instanceof Error) throw unavailable(reply)
    return reply
  }

  const connection: RedisConnection = {
    sharded: client instanceof Cluster,
    send,
    run: (script, keys, ...args) =>
      loaded(script, (...how) => send(...how, keys.length, ...keys, ...args)),
    runDurably: (script, key, ...args) =>
      loaded(script, (...how) => sendDurably(key, [...how, 1, key, ...args])),
    async check() {
      await send('ping')
      const found = fault && (await look())
      if (found) throw new StateUnavailable(found.message)
    },
    close,
  }

  const found = (await isReady(client, timeout)) ? await look() : fault
  if (found instanceof StateUnavailable) log('warn', `Redis at ${name} cannot be reached yet`)
  else if (found) {
    await close()
    throw new Error(`${found.message} (state.allowUnsafePersistence starts all the same)`)
  }
  return redisState(connection, settings)
}

function connect(settings: Settings): Client {
  const { timeout, replicaTimeout, tls, sentinel, cluster, username, password } = settings
  const options: Omit<RedisOptions, 'replyMapping'> = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls }),
    // A command whose answer was lost may have been done: it is never sent again, but unknown.
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: timeout,
    commandTimeout: timeout + (settings.replicas > 0 ? replicaTimeout : 0),
    // A peer that vanished without a word (a frozen machine, a cut cable) leaves the socket open.
    socketTimeout: 2 * timeout + replicaTimeout,
    retryStrategy: (times) => Math.min(50 * times, 1000),
    // After a failover the old master is a replica: connect anew, and do not repeat the command.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  }
  if (cluster) {
    return new Cluster(cluster, {
      redisOptions: options,
      enableOfflineQueue: false,
      // These repeat commands that a lost connection left unanswered.
      retryDelayOnFailover: 0,
      retryDelayOnClusterDown: 0,
      slotsRefreshInterval: 2000,
      slotsRefreshTimeout: timeout,
      clusterRetryStrategy: (times) => Math.min(50 * times, 1000),
      // Certificates carry names, and an address looked up beforehand would not match them.
      ...(tls && { dnsLookup: (host: string, done) => done(null, host) }),
    })
  }
  if (sentinel) {
    const [first] = sentinel.hosts
    return new Redis({
      ...options,
      db: settings.database,
      name: sentinel.name,
      sentinels: sentinel.hosts,
      ...(first?.username !== undefined && { sentinelUsername: first.username }),
      ...(first?.password !== undefined && { sentinelPassword: first.password }),
      ...(tls && { enableTLSForSentinelMode: true, sentinelTLS: tls }),
      sentinelRetryStrategy: (times: number) => Math.min(50 * times, 1000),
      sentinelCommandTimeout: timeout,
      failoverDetector: true,
    })
  }
  return new Redis({ ...options, host: settings.host, port: settings.port, db: settings.database })
}

/**
 * The connection to the node that has the key, if there is one. ioredis' own pipelines on a Cluster
 * send themselves again when a connection is lost, and then take one reply for another.
 */
function nodeOf(client: Client, key: string): Redis | undefined {
  if (!(client instanceof Cluster)) return client
  const name = client.slots[slotOf(key)]?.[0]
  return client.nodes('master').find(({ options: at }) => `${at.host}:${at.port}` === name)
}

/** The reply or error of one command, which writes (scripts/delete.lua), and then WAIT, on the same connection. */
async function replicated(node: Redis, words: Words, replicas: number, timeout: number) {
  const results = await answered(node.pipeline([words, ['wait', replicas, timeout]]).exec())
  const [command, wait] = results ?? []
  if (!command || command[0]) return command?.[0] ?? new Error('no reply')
  if (wait?.[0] || Number(wait?.[1]) < replicas) {
    return new StateUnavailable(`Redis: fewer than ${replicas} replicas have it`)
  }
  return command[1]
}

async function answered<T>(reply: Promise<T>): Promise<T> {
  try {
    return await reply
  } catch (error) {
    throw unavailable(error)
  }
}

/** Without the original as its cause: that one carries the words of the command. */
function unavailable(error: unknown): StateUnavailable {
  if (error instanceof StateUnavailable) return error
  return new StateUnavailable(`Redis: ${error instanceof Error ? error.message : 'no reply'}`)
}
