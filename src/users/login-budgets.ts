import { createHash, createHmac, type KeyObject } from 'node:crypto'
import type { Approach, Budget } from '../state/budget.ts'
import { lineOf } from './line.ts'
import { canonicalName } from './names.ts'
import { networkOf, widerNetworkOf } from './network.ts'

/** Durations are seconds. */
export interface SlowLimit {
  /** Wrong passwords that cost no delay. */
  readonly free: number
  /** The first delay; it is doubled with each wrong password after it, up to the longest. */
  readonly delay: number
  readonly longest: number
  /** Wrong passwords in all; then none is looked at before they are forgotten. */
  readonly most: number
  /** How long after the last one they are forgotten. */
  readonly forget: number
}

export interface WindowLimit {
  /** Wrong passwords within the window. */
  readonly limit: number
  /** Seconds. */
  readonly window: number
}

export interface LoginLimits {
  /** One account, from where it has never logged in. */
  readonly account: SlowLimit
  /** One account, from one origin of its own. */
  readonly known: SlowLimit
  readonly address: WindowLimit
  readonly network: WindowLimit
  readonly client: WindowLimit
}

/** Whom a password is tried for, and from where. */
export interface LoginAttempt {
  /** As it was typed. */
  readonly name: string
  /** The user's id, where somebody has the name. */
  readonly sub?: string | undefined
  readonly address: string
  readonly client: string
  /** Thumbprint of a key that the user's device has proved to hold in this request. */
  readonly device?: string | undefined
}

/** What an attempt takes from. */
export interface LoginBudgets {
  /** Of strangers. */
  readonly budgets: readonly Budget[]
  readonly from: Approach
}

/**
 * The budgets of an attempt. Names are digested under a key: some are passwords that were typed into
 * the wrong field.
 *
 * The name is counted beside the account that has it: or else another spelling of it, which nobody
 * has, would be answered 429 before the right one, and so tell that there is one.
 */
export function loginBudgets(
  { name, sub, address, client, device }: LoginAttempt,
  limits: LoginLimits,
  key: KeyObject,
): LoginBudgets {
  const typed = createHmac('sha256', key).update(canonicalName(name)).digest('base64url')
  const account = sub === undefined ? `nobody ${typed}` : `account ${digest(sub)}`
  const home = (origin: string) => ({
    name: origin,
    budget: slow(account, `known ${origin}`, limits.known),
  })
  const network = `network ${digest(widerNetworkOf(address))}`
  return {
    budgets: [
      slow(account, 'account', limits.account),
      slow(`name ${typed}`, 'account', limits.account),
      { owner: network, name: `address ${digest(networkOf(address))}`, ...limits.address },
      { owner: network, name: 'network', ...limits.network },
      { owner: `client ${client}`, name: 'client', ...limits.client },
    ],
    // The device first: it is nobody else's, while a place may have an attacker in it.
    from: {
      account,
      origins: [
        ...(device === undefined ? [] : [home(digest(device))]),
        home(digest(lineOf(client, address))),
      ],
    },
  }
}

/** What an operator calls it: account, known, address, network or client. */
export const kindOf = ({ name }: Budget): string => name.split(' ', 1)[0] ?? name

const slow = (
  owner: string,
  name: string,
  { free, delay, longest, most, forget }: SlowLimit,
): Budget => ({ owner, name, limit: free, window: forget, delays: { first: delay, longest, most } })

const digest = (text: string): string =>
  createHash('sha256').update(text).digest('base64url').slice(0, 22)
