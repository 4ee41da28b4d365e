import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './port.ts'
import { until } from './until.ts'

/** What may be run as a server; both speak the same protocol. */
export type Program = 'redis-server' | 'valkey-server'

/** Those of them that are installed. */
export const programs: readonly Program[] = (['redis-server', 'valkey-server'] as const).filter(
  (name) => spawnSync(name, ['--version']).status === 0,
)

export const [usualProgram = 'redis-server'] = programs

export interface RedisServer {
  readonly program: Program
  readonly host: string
  readonly port: number
  readonly url: string
  /** The authority that signed its certificate, PEM file, when it speaks TLS. */
  readonly ca?: string
  /** Sends words as they are over a connection of its own; the reply as the server wrote it. */
  command(...words: string[]): Promise<string>
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void
  resume(): void
  /** SIGKILL; the data directory stays. */
  kill(): Promise<void>
  /** Starts it again on the same port and data, from the append-only file. */
  restart(): Promise<void>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

export interface RedisSettings {
  readonly program?: Program
  /** Directives after the defaults, as in redis.conf: `['maxmemory 5mb']`. */
  readonly directives?: readonly string[]
  readonly tls?: boolean
  /** The address it listens at; 127.0.0.1. */
  readonly host?: string
  readonly launch?: Launch
}

/** How a program is started: words before it, as of `ip netns exec`, and what its environment has beside ours. */
export interface Launch {
  readonly words?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

/** Starts a server on a free port: append-only file, no eviction, no snapshots. */
export async function startRedis({
  program = usualProgram,
  directives = [],
  tls = false,
  host = '127.0.0.1',
  launch = {},
}: RedisSettings = {}): Promise<RedisServer> {
  const dir = mkdtempSync(join(tmpdir(), 'latchkey-redis-'))
  const port = await freePort()
  const certificate = tls ? makeCertificate(dir) : undefined
  const lines = [
    `bind ${host}`,
    'protected-mode no',
    `dir ${dir}`,
    'appendonly yes',
    'save ""',
    'maxmemory-policy noeviction',
    'repl-diskless-sync-delay 0',
    ...(certificate
      ? [
          'port 0',
          `tls-port ${port}`,
          `tls-cert-file ${certificate.cert}`,
          `tls-key-file ${certificate.key}`,
          `tls-ca-cert-file ${certificate.ca}`,
          'tls-auth-clients no',
        ]
      : [`port ${port}`]),
    ...directives,
  ]
  return running({ program, dir, host, port, lines, launch, ca: certificate?.ca })
}

/** A replica of `master`, in step with it. */
export async function startReplica(
  master: RedisServer,
  directives: readonly string[] = [],
  host = master.host,
): Promise<RedisServer> {
  const replica = await startRedis({
    program: master.program,
    directives: [`replicaof ${master.host} ${master.port}`, ...directives],
    host,
  })
  // The link counts as up about a second before anything written passes through it.
  await master.command('SET', 'in-step', '1')
  await until(
    () => replica.command('EXISTS', 'in-step'),
    (reply) => reply === ':1\r\n',
  )
  await master.command('DEL', 'in-step')
  return replica
}

/** A Sentinel that knows `master` as `name` and may fail over on its own vote. */
export async function startSentinel(
  master: RedisServer,
  name = 'main',
  host = master.host,
): Promise<RedisServer> {
  const dir = mkdtempSync(join(tmpdir(), 'latchkey-sentinel-'))
  const port = await freePort()
  const lines = [
    `bind ${host}`,
    'protected-mode no',
    `port ${port}`,
    `dir ${dir}`,
    `sentinel monitor ${name} ${master.host} ${master.port} 1`,
    `sentinel down-after-milliseconds ${name} 500`,
    `sentinel failover-timeout ${name} 2000`,
  ]
  const { program } = master
  const sentinel = await running({ program, dir, host, port, lines, flags: ['--sentinel'] })
  await until(
    () => sentinel.command('SENTINEL', 'replicas', name),
    (reply) => reply.includes('master-link-status') && reply.includes('\r\nok\r\n'),
  )
  return sentinel
}

/** A Redis Cluster of three masters on free ports. */
export async function startCluster(
  program: Program = usualProgram,
  directives: readonly string[] = [],
): Promise<RedisServer[]> {
  const nodes = await Promise.all(
    [0, 1, 2].map(async () =>
      startRedis({
        program,
        directives: ['cluster-enabled yes', `cluster-port ${await freePort()}`, ...directives],
      }),
    ),
  )
  const [first] = nodes
  if (first === undefined) throw new Error('no nodes')
  const share = Math.ceil(16_384 / nodes.length)
  for (const [i, node] of nodes.entries()) {
    const last = Math.min(16_383, (i + 1) * share - 1)
    await node.command('CLUSTER', 'ADDSLOTSRANGE', String(i * share), String(last))
    await node.command('CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1))
  }
  for (const node of nodes.slice(1)) {
    const bus = /cluster-port\r\n\$\d+\r\n(\d+)/.exec(
      await node.command('CONFIG', 'GET', 'cluster-port'),
    )?.[1]
    await first.command('CLUSTER', 'MEET', '127.0.0.1', String(node.port), String(bus))
  }
  for (const node of nodes) {
    await until(
      () => node.command('CLUSTER', 'INFO'),
      (info) => info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3'),
    )
  }
  return nodes
}

interface Installation {
  readonly program: Program
  readonly dir: string
  readonly host: string
  readonly port: number
  readonly lines: readonly string[]
  readonly flags?: readonly string[]
  readonly launch?: Launch
  readonly ca?: string | undefined
}

async function running({
  program,
  dir,
  host,
  port,
  lines,
  flags = [],
  launch = {},
  ca,
}: Installation): Promise<RedisServer> {
  const file = join(dir, 'server.conf')
  writeFileSync(file, `${lines.join('\n')}\n`)
  const command = [...(launch.words ?? []), program, file, ...flags]
  let child = await start(command, launch.environment)
  const end = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  return {
    program,
    host,
    port,
    url: `${ca === undefined ? 'redis' : 'rediss'}://${host}:${port}`,
    ...(ca === undefined ? {} : { ca }),
    command: (...words) => ask(host, port, words),
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill: end,
    restart: async () => {
      await end()
      child = await start(command, launch.environment)
    },
    stop: async () => {
      await end()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function start(
  [program = '', ...words]: readonly string[],
  environment: Launch['environment'] = {},
): Promise<ChildProcess> {
  const child = spawn(program, words, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  })
  // A test run that dies must not leave servers behind.
  const orphaned = () => child.kill('SIGKILL')
  process.once('exit', orphaned)
  child.once('exit', () => process.off('exit', orphaned))
  let output = ''
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk
      if (/Ready to accept connections|Sentinel ID is/.test(output)) resolve()
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`${program} ended:\n${output}`)))
  })
  return child
}

/** Words in, the raw reply out: enough to give orders to a server without a client. */
async function ask(host: string, port: number, words: readonly string[]): Promise<string> {
  const socket = connect(port, host)
  socket.write(
    `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`,
  )
  let reply = Buffer.alloc(0)
  try {
    for await (const chunk of socket) {
      reply = Buffer.concat([reply, chunk])
      if (replyEnd(reply, 0) !== undefined) break
    }
  } finally {
    socket.destroy()
  }
  const text = reply.toString()
  if (text.startsWith('-')) throw new Error(text.trim())
  return text
}

/** Where the RESP2 reply that begins at `start` ends; undefined while some of it is missing. */
function replyEnd(reply: Buffer, start: number): number | undefined {
  const line = reply.indexOf('\r\n', start)
  if (line < 0) return undefined
  const length = Number(reply.toString('latin1', start + 1, line))
  let end: number | undefined = line + 2
  switch (reply.toString('latin1', start, start + 1)) {
    case '$':
      end += length < 0 ? 0 : length + 2
      return end <= reply.length ? end : undefined
    case '*':
      for (let i = 0; i < length && end !== undefined; i++) end = replyEnd(reply, end)
      return end
    default:
      return end
  }
}

function makeCertificate(dir: string): { ca: string; cert: string; key: string } {
  const cert = join(dir, 'cert.pem')
  const key = join(dir, 'key.pem')
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=127.0.0.1'],
      ...['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'],
    ],
    { stdio: 'ignore' },
  )
  return { ca: cert, cert, key }
}
