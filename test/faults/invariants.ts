import type { Rules, Violation } from './checker.ts'
import type { Call } from './history.ts'
import {
  type Asking,
  asks,
  isHonest,
  isIntrospection,
  type Login,
  precedes,
  type Sorted,
  showsLife,
  succeeded,
  wider,
} from './logins.ts'

type Broken = Omit<Violation, 'invariant'>
type Invariant = (history: Sorted, rules: Rules) => Broken[]

/** Milliseconds that a server may believe a directory's yes. */
const beliefInUsers = 5000
/** Milliseconds by which the clocks of two parts, and the ends of two calls, may differ. */
const slack = 500

const broken = (what: string, ...calls: readonly Call[]): Broken => ({ what, calls })

/** What was acknowledged as ended stays ended. */
const revokedStaysRevoked: Invariant = ({ calls, logins }) => {
  const survivors = logins.flatMap((login) => {
    const ended = login.endings
      .filter(succeeded)
      .filter((call) => call.ask.do !== 'disable user' && precedes(login.opened, call))
    return firstAfter(ended, login.calls.filter(showsLife)).map((pair) =>
      broken('a login was ended, and lives', ...pair),
    )
  })
  const actives = Map.groupBy(
    calls.filter(asks('introspect access')).filter(showsLife),
    ({ ask }) => ask.access,
  )
  const revived = calls
    .filter(asks('revoke access'))
    .filter(succeeded)
    .flatMap((revoked) =>
      firstAfter([revoked], actives.get(revoked.ask.access) ?? []).map((pair) =>
        broken('an access token was revoked, and is active', ...pair),
      ),
    )
  const emptied = calls.filter(asks('empty the store'))
  const outlived = calls
    .filter(asks('client login'))
    .filter(succeeded)
    .flatMap((issued) =>
      firstAfter(
        emptied.filter((each) => precedes(issued, each)),
        actives.get(issued.outcome.access ?? '') ?? [],
      ).map((pair) => broken('a token outlived the store it was issued over', ...pair)),
    )
  return [...survivors, ...revived, ...outlived]
}

/** Each generation has one successor, once, or within grace the same again; whoever else comes ends the login. */
const oneSuccessor: Invariant = ({ logins }, { grace, evenClocks }) =>
  logins.flatMap((login) => {
    const patience = grace[login.opened.ask.client] ?? 0
    const honest = login.refreshes.filter((call) => isHonest(login, call))
    const byGeneration = Map.groupBy(honest, ({ ask }) => ask.generation)
    const won = (generation: number) => (byGeneration.get(generation) ?? []).filter(succeeded)

    /** Certainly a reuse: the successor was used before, or the time to repeat it was over. */
    const isReuse = (call: Asking<'refresh'>) => {
      const { generation } = call.ask
      const earlier = won(generation).filter((each) => precedes(each, call))
      return (
        won(generation + 1).some((each) => precedes(each, call)) ||
        (patience === 0 && earlier.length > 0) ||
        (evenClocks && earlier.some(({ end }) => call.start > end + patience + slack))
      )
    }

    const forked = [...byGeneration.keys()].flatMap((generation) => {
      const winners = won(generation)
      const [first] = winners
      const other = winners.find(
        ({ outcome }) => outcome.issued?.generation !== first?.outcome.issued?.generation,
      )
      if (first && other) return [broken('a generation has two successors', first, other)]
      if (patience === 0 && winners.length > 1)
        return [broken('a generation was spent twice', ...winners)]
      return []
    })
    const reuses = honest.filter(isReuse)
    const forgiven = reuses.filter(succeeded).map((call) => broken('a spent token was taken', call))
    const refused = reuses.filter(({ outcome }) => outcome.is === 'refused')
    const survived = firstAfter(refused, login.calls.filter(showsLife)).map((pair) =>
      broken('a token was reused, and its login lives', ...pair),
    )
    const wronged = evenClocks ? refusedForNothing(login, honest, patience) : []
    return [...forked, ...forgiven, ...survived, ...wronged]
  })

/** The other side of it: a client that kept to the rules must not lose its login. */
function refusedForNothing(
  { endings, opened }: Login,
  honest: readonly Asking<'refresh'>[],
  patience: number,
): Broken[] {
  const [refused] = honest
    .filter(({ outcome }) => outcome.is === 'refused')
    .toSorted((a, b) => a.end - b.end)
  if (refused === undefined) return []
  const { generation } = refused.ask
  const others = honest.filter((call) => call !== refused && call.start < refused.end)
  // A login is not replicated before it is acknowledged; with the first refresh it is.
  const established = others.some((call) => call.outcome.is === 'ok' && precedes(call, refused))
  const isBlameless =
    endings.every((call) => call.start > refused.end) &&
    others.every(
      (call) =>
        call.ask.generation === generation ||
        // Earlier ones that were answered are past; of others nobody knows when they happen.
        (call.ask.generation < generation && call.outcome.is === 'ok'),
    )
  const since = Math.min(
    refused.end,
    ...others.filter(({ ask }) => ask.generation === generation).map(({ start }) => start),
  )
  const inTime = since === refused.end || refused.end - since < patience - slack
  return established && isBlameless && inTime
    ? [broken('an honest client was refused', opened, refused)]
    : []
}

/** A disabled user gets nothing from then on, and has nothing a little later. */
const disabledIsOut: Invariant = ({ calls, logins }) => {
  const disabled = calls.filter(asks('disable user')).filter(succeeded)
  return disabled.flatMap((call) => {
    const own = logins.filter(({ opened }) => opened.ask.user === call.ask.user)
    const entered = own.map(({ opened }) => opened)
    const refreshed = own.flatMap(({ refreshes }) => refreshes.filter(succeeded))
    const active = own.flatMap((login) =>
      login.calls.filter(
        (each) =>
          isIntrospection(each) && showsLife(each) && each.start > call.end + beliefInUsers + slack,
      ),
    )
    return firstAfter([call], [...entered, ...refreshed, ...active]).map((pair) =>
      broken('a user was disabled, and has tokens', ...pair),
    )
  })
}

/** A token is for its client, and for what was granted. */
const boundAndNoWider: Invariant = ({ logins }) =>
  logins.flatMap((login) =>
    login.refreshes.filter(succeeded).flatMap((call) => {
      const { issued } = call.outcome
      if (call.ask.client !== login.opened.ask.client)
        return [broken("another client's token was taken", login.opened, call)]
      if (issued?.family !== login.family || wider(issued.scope, login.issued.scope))
        return [broken('a refresh gave more than the login has', login.opened, call)]
      return []
    }),
  )

/** Every server's keys verify what any server signed. */
const verifiableEverywhere: Invariant = ({ calls }) =>
  calls
    .filter(asks('verify'))
    .filter(({ outcome }) => outcome.is === 'ok' && outcome.yes !== true)
    .map((call) => broken('a token does not verify', call))

/** Yes, no, or a 503. No answer at all only from a server that is away. */
const definiteOrUnknown: Invariant = ({ calls }) => {
  const away = calls.filter(asks('server away'))
  const excused = (call: Call) =>
    away.some(
      ({ server, start, end }) =>
        server === call.server && start - slack <= call.end && call.start <= end + slack,
    )
  return calls.flatMap((call) => {
    const { outcome } = call
    if (outcome.is === 'wrong') return [broken(outcome.what, call)]
    if (outcome.is === 'unknown' && outcome.why === 'no answer' && !excused(call))
      return [broken('no answer', call)]
    return []
  })
}

/** The first pair of an event and a later call that it should have prevented, if there is one. */
function firstAfter(events: readonly Call[], calls: readonly Call[]): (readonly [Call, Call])[] {
  for (const event of events) {
    const later = calls.find((call) => precedes(event, call))
    if (later !== undefined) return [[event, later]]
  }
  return []
}

export const invariants: Readonly<Record<string, Invariant>> = {
  I1: revokedStaysRevoked,
  I2: oneSuccessor,
  I3: disabledIsOut,
  I4: boundAndNoWider,
  I5: verifiableEverywhere,
  I6: definiteOrUnknown,
}
