import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import {
  type Contestant,
  fastapi,
  latchkeyRedis,
  owasp,
  type Surroundings,
  startIfThere,
  tutorial,
} from './contestants.ts'
import type { HashCost } from './latchkey.ts'
import { load } from './load.ts'
import { login } from './scenarios.ts'
import { type Spread, spread } from './statistics.ts'

export interface PasswordFigures {
  /** Logins, or hashes, a second. */
  readonly rate: Spread
  /** CPU time of one, in milliseconds. */
  readonly cpu: Spread
}

/** By parameters, then by server; `argon2 alone` is the library without a server. */
export type Passwords = Readonly<Record<string, Readonly<Record<string, PasswordFigures>>>>

interface Run {
  readonly rate: number
  readonly cpu: number
}

type Contender = {
  readonly name: string
  readonly run: () => Promise<Run>
  readonly stop: () => Promise<void>
}

/** Logins with real hashes: there only the hash counts, and how many are computed at once. */
export async function passwords(
  around: Omit<Surroundings, 'cost'>,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
  tell: (line: string) => void,
): Promise<Passwords> {
  const figures: Record<string, Record<string, PasswordFigures>> = {}
  for (const cost of [owasp, tutorial]) {
    const name = `m=${cost[0]}, t=${cost[1]}, p=${cost[2]}`
    tell(`password, ${name}`)
    const contenders = [
      await serving(latchkeyRedis, { ...around, cost }, seconds, tell),
      await serving(fastapi, { ...around, cost }, seconds, tell),
      await alone(cost, seconds),
    ].filter((each) => each !== undefined)
    const runs = new Map<string, Run[]>(contenders.map((each) => [each.name, []]))
    for (let round = 0; round < rounds; round += 1) {
      for (const { name: who, run } of contenders) runs.get(who)?.push(await run())
    }
    for (const { stop } of contenders) await stop()
    figures[name] = Object.fromEntries(
      [...runs].map(([who, all]) => [
        who,
        {
          rate: spread(all.map(({ rate }) => rate)),
          cpu: spread(all.map(({ cpu }) => cpu)),
        },
      ]),
    )
  }
  return figures
}

async function serving(
  contestant: Contestant,
  around: Surroundings,
  seconds: number,
  tell: (line: string) => void,
): Promise<Contender | undefined> {
  const subject = await startIfThere(contestant, around, tell)
  if (subject === undefined) return undefined
  return {
    name: contestant.name,
    stop: subject.stop,
    async run() {
      const before = await subject.cpu()
      const {
        requests,
        failures,
        seconds: took,
      } = await load(subject.url, 4, seconds, () => ({
        path: '/token',
        form: login,
      }))
      // On a machine that is busy with others a login may have waited too long; more would be no measurement.
      if (failures > requests / 50) throw new Error(`${contestant.name}: ${failures} logins failed`)
      return {
        rate: (requests - failures) / took,
        cpu: ((await subject.cpu()) - before) / (requests - failures) / 1000,
      }
    },
  }
}

/** As many at once as there are processors. */
async function alone(
  [memoryCost, timeCost, parallelism]: HashCost,
  seconds: number,
): Promise<Contender> {
  const stored = await hash('secret', { memoryCost, timeCost, parallelism })
  return {
    name: 'argon2 alone',
    stop: async () => {},
    async run() {
      const start = performance.now()
      const before = process.cpuUsage()
      let count = 0
      await Promise.all(
        Array.from({ length: availableParallelism() }, async () => {
          while (performance.now() - start < seconds * 1000) {
            await verify(stored, 'secret')
            count += 1
          }
        }),
      )
      const { user, system } = process.cpuUsage(before)
      return {
        rate: (count * 1000) / (performance.now() - start),
        cpu: (user + system) / count / 1000,
      }
    },
  }
}
