import { openState as open, type StateOptions } from '../../src/state/index.ts'
import type { State, StateLog } from '../../src/state/state.ts'
import { type BugName, bugs } from './bugs.ts'

/** When, of a call to the state, the process ends: unasked, asked and unanswered, or answered and unheard. */
export type Moment = 'before' | 'during' | 'after'

/** What the tests tell a server process to do. */
export interface Orders {
  /** End at the call that comes after this many others of rotation and revocation. */
  readonly killAt?: { readonly after: number; readonly moment: Moment }
  /** From now on be wrong in this way, or right again. */
  readonly bug?: BugName | null
}

let orders: Orders = {}
let countdown = 0

export function obey(given: Orders): void {
  orders = { ...orders, ...given }
  countdown = given.killAt?.after ?? countdown
}

/** Stands in for the product's own in a server process of the tests. */
export async function openState(options: StateOptions, log?: StateLog): Promise<State> {
  const real = await open(options, log)
  const wrong = Object.fromEntries(
    Object.entries(bugs).map(([name, alter]) => [name, { ...real, ...alter(real) }]),
  )
  return new Proxy(real, {
    get(_, name: keyof State) {
      const current = wrong[orders.bug ?? '']?.[name] ?? real[name]
      return watched.has(name) ? perishable(current) : current
    },
  })
}

/** The calls that a refresh and a revocation consist of. */
const watched: ReadonlySet<string> = new Set([
  'findFamily',
  'rotate',
  'endFamily',
  'revokeToken',
  'remove',
  'once',
  'save',
])

type Method = (...words: never[]) => Promise<unknown>

/** The same, and the end of the process where it was ordered. SIGKILL leaves no time for anything else. */
function perishable(method: Method): Method {
  return async (...words) => {
    const moment = orders.killAt && countdown-- === 0 ? orders.killAt.moment : undefined
    if (moment === 'before') die()
    const answer = method(...words)
    if (moment === 'during') setImmediate(die)
    const given = await answer
    if (moment === 'after') die()
    return given
  }
}

const die = () => process.kill(process.pid, 'SIGKILL')
