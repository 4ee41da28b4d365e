import fc from 'fast-check'
import { acknowledgements } from '../../src/keys/acknowledgements.ts'
import type { PublicJwk } from '../../src/keys/key-set.ts'
import { type dueStep, jwksCached, type Step } from '../../src/keys/lifecycle.ts'
import {
  currentOf,
  cut,
  emptyRing,
  nextOf,
  promote,
  type Ring,
  retire,
  stage,
} from '../../src/keys/ring.ts'
import type { NewKey } from '../../src/keys/vault.ts'
import { schedule } from '../parts/key-ring.ts'

/** Servers that share a ring for some months, as values; `run` throws when a promise is broken. */
export interface Rules {
  readonly dueStep: typeof dueStep
  /** What becomes of the ring after a step, where it is not what the product makes of it. */
  readonly applied?: (ring: Ring) => Ring
}

/** Something happens: time passes, a server looks, ends, starts, cannot read the ring or has its clock set, a key is staged or cut. */
export type Act =
  | { readonly act: 'wait'; readonly minutes: number }
  | { readonly act: 'look' | 'end' | 'start' | 'stick'; readonly server: number }
  | { readonly act: 'set'; readonly server: number; readonly hours: number }
  | { readonly act: 'stage' }
  | { readonly act: 'cut' }

const server = fc.nat(2)
export const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        act: fc.constant('wait' as const),
        minutes: fc.oneof(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 60, max: 40_000 })),
      }),
    },
    {
      weight: 12,
      arbitrary: fc.record({ act: fc.constant('look' as const), server }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        act: fc.constantFrom('end' as const, 'start' as const, 'stick' as const),
        server,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        act: fc.constant('set' as const),
        server,
        hours: fc.constantFrom(0, 24, -24, 1000),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ act: 'stage' as const }) },
    { weight: 1, arbitrary: fc.constant({ act: 'cut' as const }) },
  ),
  { minLength: 40, maxLength: 160 },
)

/** A key of which nobody needs the halves. */
export const fresh = (kid: string): NewKey => ({
  material: { device: kid },
  publicJwk: { kid, kty: 'EC', alg: 'ES256', use: 'sig' } as PublicJwk,
})

export const firstRing = (now: number): Ring =>
  stage(emptyRing('ring', { plain: '' }), [fresh('a')], now)

interface Server {
  live: boolean
  /** Cannot read the ring, and goes on with the one it has. */
  stuck: boolean
  /** By which its clock is off, in milliseconds. */
  skew: number
  serves: Ring
  agreed: ReturnType<typeof acknowledgements>
}

const minute = 60_000

export function run(course: readonly Act[], { dueStep: due, applied }: Rules): void {
  let now = 0
  let count = 0
  const name = () => {
    count += 1
    return `k${count}`
  }
  let ring = firstRing(now)
  const started = (): Server => ({
    live: true,
    stuck: false,
    skew: 0,
    serves: ring,
    agreed: acknowledgements(() => now),
  })
  const servers = [started(), started(), started()]
  /** In truth: when a key was first published by all, and when somebody last signed with it. */
  const publishedByAll = new Map([['a', Number.NEGATIVE_INFINITY]])
  const lastSigned = new Map<string, number>()
  const excused = new Set(['a'])

  const change = (next: Ring) => {
    judge(ring, next)
    ring = next
  }

  const judge = (before: Ring, after: Ring) => {
    const signing = after.keys.filter(({ state }) => state === 'current')
    if (signing.length > 1) throw new Error('two current keys')
    if (signing.length === 0) throw new Error('no key signs')
    if (after.version !== before.version + 1) throw new Error('a version was skipped')
    for (const { kid, state } of after.keys) {
      const was = before.keys.find((key) => key.kid === kid)?.state ?? 'none'
      if (!allowed.has(`${was} ${state}`)) throw new Error(`${kid} went from ${was} to ${state}`)
      if (state !== 'current' || was === 'current' || excused.has(kid)) continue
      const since = publishedByAll.get(kid)
      if (since === undefined)
        throw new Error(`${kid} signs, but a live instance does not publish it`)
      if (now - since < jwksCached * 1000)
        throw new Error(`${kid} signs, but copies of the JWK Set may lack it`)
    }
    for (const { kid, state } of before.keys) {
      if (after.keys.some((key) => key.kid === kid) || state === 'cut') continue
      const dead =
        (lastSigned.get(kid) ?? Number.NEGATIVE_INFINITY) + (schedule.retention - 3600) * 1000
      if (now < dead) throw new Error(`${kid} is gone, but a token of it lives`)
    }
  }

  const note = () => {
    for (const { kid } of ring.keys) {
      const all = servers
        .filter(({ live }) => live)
        .every(({ serves }) => serves.keys.some((key) => key.kid === kid))
      if (all && !publishedByAll.has(kid)) publishedByAll.set(kid, now)
      if (!all) publishedByAll.delete(kid)
    }
    for (const { live, serves } of servers)
      if (live) lastSigned.set(currentOf(serves, 'ES256')?.kid ?? '', now)
  }

  const lookAt = (each: Server) => {
    if (!each.live) return
    if (!each.stuck) each.serves = ring
    const live = servers.filter((one) => one.live)
    const instances = live.map(({ serves }) => ({ ring: serves.id, version: serves.version }))
    each.agreed.note(each.serves, instances)
  }

  const step = (taken: Step, at: number): Ring => {
    if (taken.kind === 'stage') return stage(ring, [fresh(name())], at)
    if (taken.kind === 'promote') return promote(ring, taken.kid, at, schedule.retention)
    return retire(ring, taken.kid, schedule.algorithms)
  }

  for (const act of course) {
    if (act.act === 'wait') {
      for (const each of servers) lookAt(each)
      note()
      now += act.minutes * minute
      note()
      for (const each of servers) lookAt(each)
    } else if (act.act === 'stage') {
      if (!nextOf(ring, 'ES256')) change(stage(ring, [fresh(name())], now))
    } else if (act.act === 'cut') {
      const current = currentOf(ring, 'ES256')
      const successor = nextOf(ring, 'ES256')?.kid ?? name()
      // An emergency waits for nobody.
      excused.add(successor)
      if (current)
        change(cut(ring, current.kid, fresh(successor), { now, retention: schedule.retention }))
    } else {
      const each = servers[act.server]
      if (!each) continue
      if (act.act === 'end') each.live = false
      else if (act.act === 'start') servers[act.server] = started()
      else if (act.act === 'set') each.skew = act.hours * 60 * minute
      else if (act.act === 'stick') each.stuck = !each.stuck
      else if (each.live && !each.stuck) {
        lookAt(each)
        note()
        const at = now + each.skew
        const taken = due(ring, { now: at, settled: each.agreed.settled }, schedule)
        if (!taken) continue
        const next = step(taken, at)
        change(taken.kind === 'stage' && applied ? applied(next) : next)
        lookAt(each)
      }
      note()
    }
  }
}

const allowed = new Set([
  'none next',
  'none current',
  'next next',
  'next current',
  'next cut',
  'current current',
  'current previous',
  'current cut',
  'previous previous',
  'previous cut',
  'cut cut',
])
