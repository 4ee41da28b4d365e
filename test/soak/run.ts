import { setTimeout as pause } from 'node:timers/promises'
import { handlesOf, memoryOf } from '../../bench/process.ts'
import { type Action, actions } from './actions.ts'
import { type Client, createClient } from './client.ts'
import type { SoakedServer } from './server.ts'
import { isRising, middle, rise, type Sample } from './trend.ts'

export interface SoakResult {
  /** How often each action was answered with each status; 0 stands for no answer. */
  readonly answers: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** By process: middle and rise after the warm-up, of MB and of open files. */
  readonly processes: readonly ProcessTrend[]
  /** What must not be; empty if all is well. */
  readonly faults: readonly string[]
}

export interface ProcessTrend {
  readonly pid: number
  readonly memory: number
  readonly memoryRise: number
  readonly handles: number
  readonly handlesRise: number
}

interface Watched {
  readonly memory: Sample[]
  readonly handles: Sample[]
}

/** So many callers at once. */
const callers = 24
/** The first part of the time, in which heaps and caches fill. */
const warmUp = 0.4
/** A heap that was small a moment ago takes its time to find its size. */
const memoryBound = { atLeast: 12, share: 0.1 }
const handlesBound = { atLeast: 10, share: 0.2 }

/** Loads the server with everything at once for so many seconds, `rate` actions a second, and watches its processes. */
export async function soak(
  server: SoakedServer,
  seconds: number,
  rate: number,
): Promise<SoakResult> {
  const client = createClient(server.url)
  const answers: Record<string, Record<string, number>> = {}
  const watched = new Map(server.pids().map((pid) => [pid, { memory: [], handles: [] } as Watched]))
  const start = performance.now()
  const now = () => (performance.now() - start) / 1000
  const faults = new Set<string>()

  const sampling = async () => {
    while (now() < seconds && !server.ended()) {
      await pause(2000)
      for (const pid of server.pids()) {
        const samples = watched.get(pid)
        if (samples === undefined) faults.add(`process ${pid} was not there at the beginning`)
        else if (now() > warmUp * seconds) {
          samples.memory.push({ at: now(), value: memoryOf(pid) / 2 ** 20 })
          samples.handles.push({ at: now(), value: handlesOf(pid) })
        }
      }
    }
  }
  await Promise.all([sampling(), calling(client, answers, faults, now, seconds, rate)])
  client.close()

  if (server.ended()) faults.add('the server ended')
  if (server.complaints() !== '') faults.add(`standard error: ${server.complaints()}`)
  const processes = [...watched].map(([pid, samples]) => {
    if (isRising(samples.memory, memoryBound)) faults.add(`the memory of ${pid} rises`)
    if (isRising(samples.handles, handlesBound)) faults.add(`the open files of ${pid} rise`)
    return trendOf(pid, samples)
  })
  return { answers, processes, faults: [...faults] }
}

async function calling(
  client: Client,
  answers: Record<string, Record<string, number>>,
  faults: Set<string>,
  now: () => number,
  seconds: number,
  rate: number,
): Promise<void> {
  const sessions: Parameters<Action['run']>[1] = []
  const lots = actions.flatMap((action) => Array<Action>(action.weight).fill(action))
  let taken = 0
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (now() < seconds) {
        const due = taken / rate
        taken += 1
        if (due > now()) await pause((due - now()) * 1000)
        const action = lots[Math.floor(Math.random() * lots.length)]
        if (action === undefined) return
        const status = await action.run(client, sessions).catch((error: Error) => error.message)
        const counts = answers[action.name] ?? {}
        answers[action.name] = { ...counts, [status]: (counts[status] ?? 0) + 1 }
        if (status !== 0 && !action.expected.some((each) => each === status))
          faults.add(`${action.name}: ${status}`)
      }
    }),
  )
}

const trendOf = (pid: number, { memory, handles }: Watched): ProcessTrend => ({
  pid,
  memory: middle(memory.map(({ value }) => value)),
  memoryRise: rise(memory),
  handles: middle(handles.map(({ value }) => value)),
  handlesRise: rise(handles),
})
