import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { availableParallelism } from 'node:os'

/** What one connection of an attack does; whenever it is closed, another takes its place. */
interface Attack {
  readonly connections: number
  begin(socket: Socket): void
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`
const post = 'POST /token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10000\r\n'
const form = 'Content-Type: application/x-www-form-urlencoded\r\n\r\n'

/** Does it every so many milliseconds, as long as the connection lasts. */
function every(milliseconds: number, socket: Socket, act: () => void): void {
  const timer = setInterval(act, milliseconds)
  socket.once('close', () => clearInterval(timer))
}

export const attacks: Readonly<Record<string, Attack>> = {
  'slow heads': {
    connections: 500,
    begin(socket) {
      socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ')
      every(1000, socket, () => socket.write('a'))
    },
  },
  'slow bodies': {
    connections: 500,
    begin(socket) {
      socket.write(post + form)
      every(1000, socket, () => socket.write('a'))
    },
  },
  'idle after a request': {
    connections: 1500,
    begin(socket) {
      socket.write(get('/healthz'))
      socket.resume()
    },
  },
  'pipelined floods': {
    connections: 50,
    begin(socket) {
      socket.resume()
      socket.write(get('/healthz').repeat(1000))
    },
  },
  'unread answers': {
    connections: 200,
    begin(socket) {
      every(1000, socket, () => socket.write(get('/.well-known/jwks.json').repeat(4)))
    },
  },
  'bodies behind an answer': {
    connections: 400,
    begin(socket) {
      const body = `POST /token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60000\r\n${form}${'a'.repeat(60_000)}`
      socket.write(get('/revocations?wait=25') + body.repeat(15))
    },
  },
  'requests without end': {
    connections: 100,
    begin(socket) {
      socket.write(get('/healthz').repeat(8))
      socket.on('data', (answers) => {
        socket.write(
          get('/healthz').repeat(answers.toString('latin1').split('HTTP/1.1 ').length - 1),
        )
      })
    },
  },
  'a flood of connections': {
    connections: 200,
    begin: (socket) => socket.resetAndDestroy(),
  },
}

/** Milliseconds before a connection that was closed is made anew. */
const pause = 50
/** Attackers have many networks, or the bounds on one would stop all of this. */
const networks = 16

async function keepAttacking({ begin }: Attack, port: number, index: number): Promise<never> {
  for (;;) {
    const localAddress = `127.1.${1 + (index % networks)}.1`
    const socket = connect({ port, host: '127.0.0.1', localAddress })
    socket.on('error', () => {})
    socket.once('connect', () => begin(socket))
    await once(socket, 'close').catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}

if (process.argv[1] === import.meta.filename) {
  // An attacker has machines of their own: on this one whatever else wants to run does so at once (sched(7), SCHED_IDLE).
  const [last, pid] = [String(availableParallelism() - 1), String(process.pid)]
  execFileSync('chrt', ['--idle', '--all-tasks', '--pid', '0', pid])
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', last, pid])
  process.once('disconnect', () => process.exit())
  const [name = '', port = ''] = process.argv.slice(2)
  const attack = attacks[name]
  if (attack === undefined) throw new Error(`there is no attack ${name}`)
  process.once('message', () => {
    for (let index = 0; index < attack.connections; index++) {
      keepAttacking(attack, Number(port), index)
    }
  })
  process.send?.('ready')
}
