import { setTimeout as pause } from 'node:timers/promises'
import type { Outcome } from './history.ts'
import type { Random } from './random.ts'
import { nameOf, type Requests, type Tokens } from './requests.ts'

export const servers = [0, 1] as const

/** A login as its client holds it; the newest tokens come last. */
export interface Held {
  readonly user: string
  readonly client: string
  readonly scope: string
  readonly family: string
  readonly jwt: boolean
  readonly tokens: Tokens[]
}

/** Tokens of logins that came to their end, one way or another. */
export interface Remains {
  readonly refresh: { readonly token: string; readonly client: string }[]
  readonly access: string[]
}

export async function logIn(
  requests: Requests,
  random: Random,
  user: string,
): Promise<Held | undefined> {
  const client = random.pick(['web', 'web', 'web', 'strict'])
  const jwt = random.next() < 0.75
  const scope = jwt ? random.pick(['read', 'read write']) : 'peek'
  const resource = jwt ? 'https://api.example' : 'https://opaque.example'
  const { tokens } = await requests.logIn(random.pick(servers), user, client, scope, resource)
  if (tokens === undefined) return undefined
  const { family } = nameOf(tokens.refresh)
  return { user, client, scope, family, jwt, tokens: [tokens] }
}

type Next = 'goes on' | 'is over' | 'user is out'
export type Act = (
  held: Held,
  requests: Requests,
  random: Random,
  remains: Remains,
) => Promise<Next>

const last = ({ tokens }: Held, back = 0): Tokens | undefined => tokens.at(-1 - back)
const other = (server: number) => 1 - server

/** Keeps what came of a refresh. An unknown outcome leaves the client with what it had. */
function settle(held: Held, outcome: Outcome, tokens: Tokens | undefined): Next {
  if (outcome.is === 'refused') return 'is over'
  if (tokens && tokens.refresh !== last(held)?.refresh) held.tokens.push(tokens)
  return 'goes on'
}

const refresh: Act = async (held, requests, random) => {
  const token = last(held)?.refresh ?? ''
  const { outcome, tokens } = await requests.refresh(
    random.pick(servers),
    token,
    held.client,
    held.scope,
  )
  return settle(held, outcome, tokens)
}

/** Several at once with one token, at both servers. */
const race: Act = async (held, requests, random) => {
  const token = last(held)?.refresh ?? ''
  const asked = Array.from({ length: 2 + random.below(3) }, (_, i) =>
    requests.refresh(i % 2, token, held.client, held.scope),
  )
  const turns = await Promise.all(asked)
  const won = turns.find(({ tokens }) => tokens !== undefined)
  const lost = turns.find(({ outcome }) => outcome.is === 'refused')
  if (won?.tokens) settle(held, won.outcome, won.tokens)
  if (lost === undefined) return 'goes on'
  await lookBack(held, requests)
  return 'is over'
}

/** The parent once more, as after an answer that was lost. */
const retry: Act = async (held, requests, random) => {
  const parent = last(held, 1)?.refresh
  if (parent === undefined) return 'goes on'
  const turn = await requests.refresh(random.pick(servers), parent, held.client, held.scope)
  return settle(held, turn.outcome, turn.tokens)
}

/** A grandparent: a thief, or the victim of one. */
const reuse: Act = async (held, requests, random) => {
  const grandparent = last(held, 2)?.refresh
  if (grandparent === undefined) return 'goes on'
  const server = random.pick(servers)
  const { outcome } = await requests.refresh(server, grandparent, held.client, held.scope)
  await lookBack(held, requests)
  return outcome.is === 'unknown' ? 'goes on' : 'is over'
}

/** The end of the login, while somebody refreshes it. */
const revoke: Act = async (held, requests, random) => {
  const token = last(held)?.refresh ?? ''
  const server = random.pick(servers)
  const [outcome] = await Promise.all([
    requests.revokeLogin(server, token, held.client),
    ...(random.next() < 0.5
      ? [requests.refresh(other(server), token, held.client, held.scope)]
      : []),
  ])
  await lookBack(held, requests)
  return outcome.is === 'unknown' ? 'goes on' : 'is over'
}

const revokeAccess: Act = async (held, requests, random) => {
  const access = last(held)?.access ?? ''
  await requests.revokeAccess(random.pick(servers), access, held.client, held.family)
  await Promise.all(servers.map((s) => requests.introspectAccess(s, access, held.family)))
  await pause(random.below(600))
  await requests.introspectAccess(random.pick(servers), access, held.family)
  return 'goes on'
}

const introspect: Act = async (held, requests, random) => {
  const { refresh = '', access = '' } = last(held) ?? {}
  await requests.introspectLogin(random.pick(servers), refresh, held.client)
  await requests.introspectAccess(random.pick(servers), access, held.family)
  return 'goes on'
}

const verify: Act = async (held, requests, random) => {
  const { access = '' } = last(held) ?? {}
  if (held.jwt) await requests.verify(random.pick(servers), access, held.family)
  return 'goes on'
}

const asStranger: Act = async (held, requests, random) => {
  const token = last(held)?.refresh ?? ''
  await requests.refresh(random.pick(servers), token, 'other', held.scope)
  return 'goes on'
}

const askForMore: Act = async (held, requests, random) => {
  const token = last(held)?.refresh ?? ''
  if (held.scope !== 'read') return 'goes on'
  const server = random.pick(servers)
  const turn = await requests.refresh(server, token, held.client, held.scope, 'read write')
  if (turn.tokens) settle(held, turn.outcome, turn.tokens)
  return 'goes on'
}

const disable: Act = async (held, requests, random) => {
  await requests.disableUser(held.user)
  // Where nobody asks at once the login is still there when somebody does.
  if (random.next() < 0.5) await lookBack(held, requests)
  const server = random.pick(servers)
  await requests.logIn(server, held.user, held.client, held.scope, 'https://api.example')
  return 'user is out'
}

const cutOff: Act = async (held, requests) => {
  const outcome = await requests.cutUserOff(held.user)
  await lookBack(held, requests)
  return outcome.is === 'unknown' ? 'goes on' : 'is over'
}

const logInClient: Act = async (_, requests, random) => {
  const access = await requests.logInClient(random.pick(servers))
  if (access === '') return 'goes on'
  await pause(random.below(400))
  await Promise.all(servers.map((server) => requests.introspectAccess(server, access)))
  return 'goes on'
}

/** Somebody tries what was ended a while ago. */
const lookAgain: Act = async (_, requests, random, { refresh, access }) => {
  const [old] = refresh.slice(random.below(refresh.length))
  const [older] = access.slice(random.below(access.length))
  if (old) await requests.introspectLogin(random.pick(servers), old.token, old.client)
  if (older) await requests.introspectAccess(random.pick(servers), older)
  return 'goes on'
}

/** Everything that an ended login must not give any more, at both servers. */
async function lookBack(held: Held, requests: Requests): Promise<void> {
  const { refresh = '', access = '' } = last(held) ?? {}
  await Promise.all(
    servers.flatMap((server) => [
      requests.introspectLogin(server, refresh, held.client),
      requests.introspectAccess(server, access, held.family),
    ]),
  )
  await requests.refresh(0, refresh, held.client, held.scope)
}

const acts = {
  refresh,
  race,
  retry,
  reuse,
  revoke,
  revokeAccess,
  introspect,
  verify,
  asStranger,
  askForMore,
  disable,
  cutOff,
  logInClient,
  lookAgain,
}

/** How often each is drawn, beside the others. */
export type Weights = Readonly<Partial<Record<keyof typeof acts, number>>>

export const usual: Weights = {
  refresh: 8,
  race: 4,
  retry: 3,
  introspect: 2,
  reuse: 1,
  revoke: 1,
  revokeAccess: 1,
  verify: 1,
  asStranger: 1,
  askForMore: 1,
  disable: 1,
  cutOff: 1,
  logInClient: 1,
  lookAgain: 2,
}

/** Every act as often as its weight; a client that only ended logins would never have one. */
export const deckOf = (weights: Weights): readonly [Act, ...Act[]] => [
  refresh,
  ...Object.entries(acts).flatMap(([name, act]) =>
    Array.from({ length: weights[name as keyof Weights] ?? 0 }, () => act),
  ),
]
