import { packFacts } from './facts.ts'
import { familyLifetimes, listedFamilies, milliseconds } from './lifetimes.ts'
import type { sqliteRevocations } from './sqlite-revocations.ts'
import { type prepare, readFamily } from './sqlite-statements.ts'
import type { CutOffTarget, Family, NewFamily, Rotation, RotationOutcome } from './state.ts'

/** The families in SQLite. Each is called within a transaction where it writes; `now` in milliseconds since the epoch. */
export function sqliteFamilies(
  sql: ReturnType<typeof prepare>,
  revocations: Pick<ReturnType<typeof sqliteRevocations>, 'append'>,
) {
  const end = (id: string, now: number): void => {
    if (sql.endFamily.run(id).changes === 1) revocations.append('family', id, now)
  }

  return {
    end,

    open(family: NewFamily, now: number): Family {
      const { idle, absolute } = familyLifetimes(family)
      const row = sql.openFamily.get({
        id: family.id,
        client: family.clientId,
        sub: family.sub,
        now,
        expires: now + idle,
        absolute: now + absolute,
        facts: packFacts(family),
      })
      if (row === undefined) throw new Error('a family with this id exists already')
      return readFamily(row)
    },

    find(id: string, now: number): Family | undefined {
      const row = sql.family.get(id, now)
      return row && readFamily(row)
    },

    of: (sub: string, limit: number, now: number): Family[] =>
      sql.familiesOf.all(sub, now, Math.min(limit, listedFamilies)).map(readFamily),

    /** Ends those of the target that were opened later than `at`. */
    endLater(kind: CutOffTarget['kind'], target: string, at: number, now: number): void {
      for (const { id } of sql.openedAfter[kind].all({ target, at })) end(String(id), now)
    },

    rotate({ family: id, presented, grace, idle, nonce }: Rotation, now: number): RotationOutcome {
      const row = sql.family.get(id, now)
      if (row === undefined) return { outcome: 'gone' }
      const family = readFamily(row)
      if (presented === family.generation) {
        const next = sql.rotate.get(nonce, now, now + milliseconds(idle), id)
        if (next === undefined) return { outcome: 'gone' }
        return { outcome: 'rotated', generation: presented + 1, family: readFamily(next) }
      }
      // Generation 0 was never handed out, so the first generation has no parent.
      if (presented === family.generation - 1 && presented > 0) {
        const { generation } = family
        if (nonce === row.nonce) return { outcome: 'rotated', generation, family }
        // The current generation is unused, or it would not be current. A rotation from the future is a
        // clock that was set back since: nobody knows how long ago it was, and none is no grace.
        if (Math.abs(now - family.lastUsedAt) < grace * 1000)
          return { outcome: 'retried', generation, family }
      }
      // RFC 9700 section 4.14.2: one of the two who present it stole it. A generation from the future
      // is a store that lost writes, and which holder is the thief cannot be told then either.
      end(id, now)
      return { outcome: 'reused' }
    },
  }
}
