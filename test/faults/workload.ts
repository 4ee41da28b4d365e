import { setTimeout as pause } from 'node:timers/promises'
import { hashArgon2id } from '../../src/passwords/argon2.ts'
import {
  type Act,
  deckOf,
  type Held,
  logIn,
  type Remains,
  servers,
  usual,
  type Weights,
} from './acts.ts'
import type { Random } from './random.ts'
import type { Requests } from './requests.ts'

/** As good as no work: it is not passwords that are tried here. */
const hash = await hashArgon2id(Buffer.from('secret'), {
  memory: 64,
  iterations: 1,
  parallelism: 1,
})
/** How many tokens of ended logins are kept, and how many are looked at again in the end. */
const kept = 600
const probed = 60

export interface Workload {
  /** Runs until `over` answers true, with as many clients at once. */
  run(clients: number, over: () => boolean, weights?: Weights): Promise<void>
  /** Asks both servers once more about what was ended. */
  probe(): Promise<void>
}

/** Clients that keep to the rules, clients that do not, and an operator; all choices by the seed. */
export function createWorkload(requests: Requests, random: Random): Workload {
  const remains: Remains = { refresh: [], access: [] }
  let serial = 0

  async function client(
    random: Random,
    over: () => boolean,
    deck: readonly [Act, ...Act[]],
  ): Promise<void> {
    let user = await newUser(requests, `user-${++serial}`)
    let held: Held | undefined
    while (!over()) {
      held ??= await logIn(requests, random, user)
      if (held === undefined) {
        await pause(20)
        continue
      }
      const act = random.pick(deck)
      const next = await act(held, requests, random, remains)
      if (next !== 'goes on') {
        keep(remains, held)
        held = undefined
        if (next === 'user is out') user = await newUser(requests, `user-${++serial}`)
      }
      await pause(random.below(10))
    }
  }

  return {
    async run(clients, over, weights = usual) {
      const deck = deckOf(weights)
      await Promise.all(Array.from({ length: clients }, () => client(random.fork(), over, deck)))
    },
    async probe() {
      const tokens = {
        refresh: remains.refresh.slice(-probed),
        access: remains.access.slice(-probed),
      }
      for (const { token, client } of tokens.refresh)
        await Promise.all(servers.map((s) => requests.introspectLogin(s, token, client)))
      for (const token of tokens.access)
        await Promise.all(servers.map((server) => requests.introspectAccess(server, token)))
    },
  }
}

function keep(remains: Remains, { client, tokens }: Held): void {
  for (const { refresh, access } of tokens.slice(-2)) {
    remains.refresh.push({ token: refresh, client })
    remains.access.push(access)
  }
  for (const tokens of [remains.refresh, remains.access]) tokens.splice(0, tokens.length - kept)
}

async function newUser(requests: Requests, name: string): Promise<string> {
  await requests.addUser(name, hash)
  return name
}
