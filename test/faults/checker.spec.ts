import { expect } from 'chai'
import { check } from './checker.ts'
import type { Ask, Call, Outcome } from './history.ts'

const rules = { grace: { web: 2000, strict: 0 }, evenClocks: true }

/** A call of a hand-written history, a second long unless told; the next begins when it is over. */
interface Line {
  readonly ask: Ask
  readonly outcome: Outcome
  readonly start?: number
  readonly end?: number
}

function history(...lines: readonly Line[]): Call[] {
  let clock = 0
  return lines.map(({ ask, outcome, start = clock + 1, end = start + 100 }, id) => {
    clock = end
    return { id, server: id % 2, ask, outcome, start, end }
  })
}

const at = (start: number, line: Line, end = start + 100): Line => ({ ...line, start, end })

const granted = (generation: number, scope = 'read'): Outcome => ({
  is: 'ok',
  issued: { family: 'f', generation, access: `a${generation}`, scope },
})
const done: Outcome = { is: 'ok' }
const refused: Outcome = { is: 'refused', error: 'invalid_grant' }
const unknown: Outcome = { is: 'unknown', why: '503' }
const yes: Outcome = { is: 'ok', yes: true }
const no: Outcome = { is: 'ok', yes: false }

const login = (client = 'web', scope = 'read'): Line => ({
  ask: { do: 'login', user: 'u', client, scope },
  outcome: granted(1, scope),
})
const refresh = (
  generation: number,
  outcome: Outcome = granted(generation + 1),
  client = 'web',
): Line => ({ ask: { do: 'refresh', family: 'f', generation, client }, outcome })
const revoke = (outcome: Outcome = done): Line => ({
  ask: { do: 'revoke login', family: 'f' },
  outcome,
})
const revokeAccess = (access: string): Line => ({
  ask: { do: 'revoke access', family: 'f', access },
  outcome: done,
})
const introspect = (outcome: Outcome): Line => ({
  ask: { do: 'introspect login', family: 'f', generation: 1 },
  outcome,
})
const introspectAccess = (access: string, outcome: Outcome): Line => ({
  ask: { do: 'introspect access', family: 'f', access },
  outcome,
})
const disable: Line = { ask: { do: 'disable user', user: 'u' }, outcome: done }
const cutOff: Line = { ask: { do: 'cut user off', user: 'u' }, outcome: done }
const empty: Line = { ask: { do: 'empty the store' }, outcome: done }
const away: Line = { ask: { do: 'server away' }, outcome: done }
const noAnswer: Outcome = { is: 'unknown', why: 'no answer' }

const bad: Readonly<Record<string, readonly [invariant: string, Call[]]>> = {
  'a login that was revoked, and refreshes': ['I1', history(login(), revoke(), refresh(1))],
  'a login that was revoked, and is active': ['I1', history(login(), revoke(), introspect(yes))],
  'an access token of a login that was revoked': [
    'I1',
    history(login(), revoke(), introspectAccess('a1', yes)),
  ],
  'an access token that was revoked': [
    'I1',
    history(login(), revokeAccess('a1'), introspectAccess('a1', yes)),
  ],
  'a revocation that was undone later': [
    'I1',
    history(login(), revoke(), introspect(no), introspect(unknown), introspect(yes)),
  ],
  'a login that was cut off': ['I1', history(login(), cutOff, introspect(yes))],
  'a login whose store was emptied': ['I1', history(login(), empty, refresh(1))],
  "a client's token whose store was emptied": [
    'I1',
    history({ ask: { do: 'client login' }, outcome: { is: 'ok', access: 'c' } }, empty, {
      ask: { do: 'introspect access', access: 'c' },
      outcome: yes,
    }),
  ],
  'two successors of one generation': [
    'I2',
    history(login(), at(200, refresh(1)), at(200, refresh(1, granted(3)))),
  ],
  'two winners where there is no grace': [
    'I2',
    history(
      login('strict'),
      at(200, refresh(1, granted(2), 'strict')),
      at(200, refresh(1, granted(2), 'strict')),
    ),
  ],
  'a grandparent that is taken': ['I2', history(login(), refresh(1), refresh(2), refresh(1))],
  'a parent that is taken too late': ['I2', history(login(), refresh(1), at(9000, refresh(1)))],
  'a login that survives a reuse': [
    'I2',
    history(login(), refresh(1), refresh(2), refresh(1, refused), refresh(3)),
  ],
  'a login that survives a reuse where there is no grace': [
    'I2',
    history(
      login('strict'),
      refresh(1, granted(2), 'strict'),
      refresh(1, refused, 'strict'),
      introspect(yes),
    ),
  ],
  'a retry after a lost answer that is refused': [
    'I2',
    history(login(), refresh(1), refresh(2, unknown), refresh(2, refused)),
  ],
  'a current token that is refused for nothing': [
    'I2',
    history(login(), refresh(1), refresh(2, refused)),
  ],
  'a disabled user who refreshes': ['I3', history(login(), disable, refresh(1))],
  'a disabled user who logs in': ['I3', history(disable, login())],
  'a disabled user whose token is active for long': [
    'I3',
    history(login(), disable, at(9000, introspectAccess('a1', yes))),
  ],
  "another client's token that is taken": ['I4', history(login(), refresh(1, granted(2), 'other'))],
  'a scope that became wider': ['I4', history(login(), refresh(1, granted(2, 'read write')))],
  'a token that a server cannot verify': [
    'I5',
    history(login(), { ask: { do: 'verify', family: 'f', access: 'a1' }, outcome: no }),
  ],
  'an answer that is none': [
    'I6',
    history(login(), refresh(1, { is: 'wrong', what: 'status 500' })),
  ],
  'a connection that ended although the server was there': [
    'I6',
    history(login(), refresh(1, noAnswer)),
  ],
}

const good: Readonly<Record<string, Call[]>> = {
  'refreshes, retries and a race within grace': history(
    login(),
    refresh(1),
    refresh(1),
    at(400, refresh(2)),
    at(400, refresh(2)),
    at(600, refresh(3)),
  ),
  'one winner of a race without grace, and a login that is over': history(
    login('strict'),
    at(200, refresh(1, granted(2), 'strict')),
    at(200, refresh(1, refused, 'strict')),
    introspect(no),
  ),
  'a revocation of unknown outcome that did not happen': history(
    login(),
    revoke(unknown),
    refresh(1),
  ),
  'a revocation of unknown outcome that did': history(
    login(),
    revoke(unknown),
    refresh(1, refused),
  ),
  'a refresh under way during the revocation': history(
    login(),
    at(200, revoke(), 300),
    at(250, refresh(1), 350),
    introspect(no),
  ),
  'a lost answer and a retry that is too late': history(
    login(),
    refresh(1),
    refresh(2, unknown),
    at(9000, refresh(2, refused)),
  ),
  'another login after a cut-off': history(cutOff, login(), refresh(1), refresh(2)),
  'a login while the store is emptied': history(
    at(0, empty, 100),
    at(50, login(), 150),
    at(200, refresh(1)),
  ),
  'a disabled user whose token is active for a moment': history(
    login(),
    disable,
    introspectAccess('a1', yes),
    refresh(1, refused),
  ),
  'a stranger who is refused, and an owner who goes on': history(
    login(),
    refresh(1, refused, 'other'),
    refresh(1),
    refresh(2),
  ),
  'no answer from a server that was away': history(
    login(),
    at(1, away, 900),
    at(100, refresh(1, noAnswer)),
  ).map((call) => ({ ...call, server: 0 })),
}

describe('the history checker', () => {
  for (const [what, [invariant, calls]] of Object.entries(bad)) {
    it(`sees ${what} (${invariant})`, () => {
      expect(check(calls, rules).map((each) => each.invariant)).to.deep.equal([invariant])
    })
  }

  for (const [what, calls] of Object.entries(good)) {
    it(`has nothing against ${what}`, () => {
      expect(check(calls, rules)).to.deep.equal([])
    })
  }

  it('says nothing of durations where clocks jumped', () => {
    const calls = history(login(), refresh(1), at(9000, refresh(1)))
    expect(check(calls, { ...rules, evenClocks: false })).to.deep.equal([])
  })
})
