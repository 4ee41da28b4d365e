import { setTimeout as pause } from 'node:timers/promises'
import { type State, StateUnavailable } from '../../src/state/state.ts'

/** The methods that a bug replaces. */
export type Bug = (real: State) => Partial<State>

/** Mistakes that a store could make: planted in the servers of planted.spec.ts, to see them seen. */
const planted = {
  'consumes in two steps': (real) => ({
    async rotate(rotation) {
      const family = await real.findFamily(rotation.family)
      await pause(5)
      if (family?.generation !== rotation.presented) return real.rotate(rotation)
      const turn = await real.rotate({ ...rotation, grace: 60 })
      return 'family' in turn ? { ...turn, outcome: 'rotated' } : turn
    },
  }),
  'gives grace to grandparents': (real) => ({
    async rotate(rotation) {
      const family = await real.findFamily(rotation.family)
      if (family === undefined || rotation.presented >= family.generation - 1)
        return real.rotate(rotation)
      return { outcome: 'retried', generation: family.generation, family }
    },
  }),
  'gives grace for ever': (real) => ({
    rotate: (rotation) => real.rotate({ ...rotation, grace: 1e6 }),
  }),
  'takes a retry for a reuse': (real) => ({
    rotate: (rotation) => real.rotate({ ...rotation, grace: 0 }),
  }),
  'does not end the login on reuse': (real) => ({
    async rotate(rotation) {
      const family = await real.findFamily(rotation.family)
      if (family === undefined || rotation.presented >= family.generation - 1)
        return real.rotate(rotation)
      return { outcome: 'reused' }
    },
  }),
  'gives a retry another successor': (real) => ({
    async rotate(rotation) {
      const turn = await real.rotate(rotation)
      return turn.outcome === 'retried' ? { ...turn, generation: turn.generation + 1 } : turn
    },
  }),
  'revokes tokens in its own memory alone': (real) => {
    const revoked = new Set<string>()
    return {
      async revokeToken(jti) {
        revoked.add(jti)
      },
      tokenStanding: async (token) =>
        revoked.has(token.jti) ? { live: false } : real.tokenStanding(token),
    }
  },
  'forgets a revoked token before it expires': (real) => ({
    revokeToken: (jti) => real.revokeToken(jti, 0.3),
  }),
  'acknowledges a revocation before it is written': (real) => ({
    async endFamily(id) {
      // The delay is the bug.
      setTimeout(() => real.endFamily(id).catch(() => {}), 500)
    },
  }),
  'takes an unknown revocation for done': (real) => ({
    endFamily: (id) =>
      real.endFamily(id).catch((error) => {
        if (!(error instanceof StateUnavailable)) throw error
      }),
  }),
  'believes what it read a while ago': (real) => {
    const seen = new Map<string, ReturnType<State['tokenStanding']>>()
    return {
      tokenStanding(token) {
        const found = seen.get(token.jti) ?? real.tokenStanding(token)
        seen.set(token.jti, found)
        // So is this one: for so long it is wrong.
        setTimeout(() => seen.delete(token.jti), 1000)
        return found
      },
    }
  },
  'writes cut-offs in seconds': (real) => ({
    cutOff: (target, at = Date.now()) => real.cutOff(target, Math.floor(at / 1000)),
  }),
  'lives on after its contents are gone': (real) => ({
    epoch: async () => 'always the same',
    tokenStanding: async (token) =>
      token.family === undefined ? { live: true } : real.tokenStanding(token),
  }),
  "takes any client for the login's": (real) => ({
    async findFamily(id) {
      const family = await real.findFamily(id)
      return family && { ...family, clientId: 'other' }
    },
  }),
  'gives every refresh all scopes': (real) => ({
    async findFamily(id) {
      const family = await real.findFamily(id)
      return family && { ...family, scope: 'read write' }
    },
  }),
  'calls an outage its own fault': (real) => ({
    rotate: (rotation) =>
      real.rotate(rotation).catch(() => {
        throw new Error('no store')
      }),
  }),
} satisfies Readonly<Record<string, Bug>>

export type BugName = keyof typeof planted
export const bugs: Readonly<Record<BugName, Bug>> = planted
