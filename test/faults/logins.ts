import type { Ask, Call, Issued } from './history.ts'

/** A call that asked one kind of thing. */
export type Asking<Kind extends Ask['do']> = Call & { readonly ask: Extract<Ask, { do: Kind }> }
export type Succeeded<C extends Call> = C & { readonly outcome: { readonly is: 'ok' } }

export const asks =
  <Kind extends Ask['do']>(...kinds: readonly Kind[]) =>
  (call: Call): call is Asking<Kind> =>
    (kinds as readonly string[]).includes(call.ask.do)

export const succeeded = <C extends Call>(call: C): call is Succeeded<C> => call.outcome.is === 'ok'

/** One login and everything that concerned it; logins do not touch one another. */
export interface Login {
  readonly family: string
  readonly opened: Succeeded<Asking<'login'>>
  readonly issued: Issued
  readonly refreshes: readonly Asking<'refresh'>[]
  /** Introspections of its tokens, and what else named it. */
  readonly calls: readonly Call[]
  /** What would end it if it happened, whatever came of it. */
  readonly endings: readonly Call[]
}

export interface Sorted {
  readonly calls: readonly Call[]
  readonly logins: readonly Login[]
}

export function sortOut(calls: readonly Call[]): Sorted {
  const byFamily = Map.groupBy(calls, ({ ask }) => ('family' in ask ? ask.family : undefined))
  const emptied = calls.filter(asks('empty the store'))
  const byUser = Map.groupBy(
    calls.filter(asks('disable user', 'cut user off')),
    ({ ask }) => ask.user,
  )
  const logins = calls
    .filter(asks('login'))
    .filter(succeeded)
    .flatMap((opened): Login[] => {
      const { issued } = opened.outcome
      if (issued === undefined) return []
      const own = byFamily.get(issued.family) ?? []
      const byOthers = [...emptied, ...(byUser.get(opened.ask.user) ?? [])]
      return [
        {
          family: issued.family,
          opened,
          issued,
          refreshes: own.filter(asks('refresh')),
          calls: own,
          endings: [
            ...own.filter(asks('revoke login')),
            // What was over before the login began does not concern it.
            ...byOthers.filter(({ end }) => end > opened.start),
          ],
        },
      ]
    })
  return { calls, logins }
}

/** Asked by the login's own client, and for no more than it has: decided by the token alone. */
export const isHonest = ({ opened, issued }: Login, { ask }: Asking<'refresh'>): boolean =>
  ask.client === opened.ask.client && !wider(ask.scope ?? '', issued.scope)

export const wider = (scope: string, than: string): boolean =>
  scope.split(' ').some((each) => each !== '' && !than.split(' ').includes(each))

/** Whether the call shows the login to be alive: it gave a token, or said `active`. */
export const showsLife = (call: Call): boolean =>
  call.outcome.is === 'ok' &&
  (call.ask.do === 'refresh' || (isIntrospection(call) && call.outcome.yes === true))

export const isIntrospection = asks('introspect login', 'introspect access')

/** `earlier` was over when `later` began. */
export const precedes = (earlier: Call, later: Call): boolean => earlier.end < later.start
