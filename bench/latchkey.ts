import { hashSecret } from '../src/clients/secrets.ts'
import { Config } from '../src/config/schema.ts'
import { createPasswords } from '../src/passwords/index.ts'
import { openAccounts } from '../src/users/embedded/accounts.ts'
import { freePort } from '../test/parts/port.ts'
import { type Serving, startServing } from './serving.ts'

/** What a hash costs: KiB, passes, lanes. */
export type HashCost = readonly [memory: number, iterations: number, parallelism: number]

export interface LatchkeyOptions {
  readonly folder: string
  /** URL of its state. */
  readonly state: string
  readonly cost: HashCost
  /** Another checkout, to compare with. */
  readonly tree?: string
}

/** `latchkey serve` as it runs for others, for the client web, whose user is johndoe, and app. */
export async function startLatchkey(options: LatchkeyOptions): Promise<Serving> {
  const { folder, state, cost, tree } = options
  const [memory, iterations, parallelism] = cost
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const users = `${folder}/users.sqlite`
  const config = {
    issuer,
    listen: { host: '127.0.0.1', port },
    keys: `${folder}/keys`,
    state,
    users: [{ type: 'embedded', path: users }],
    apis: [{ audience: 'https://api.example', scopes: ['read'] }],
    clients: [
      { id: 'web', public: true, grants: ['password', 'refresh_token'] },
      {
        id: 'app',
        secrets: [hashSecret('bench-secret')],
        grants: ['client_credentials'],
        introspectAll: true,
      },
    ],
    throttle: { enabled: false },
    passwords: { queue: 100, wait: 10_000, hash: { memory, iterations, parallelism } },
  }
  const accounts = openAccounts(users)
  if ((await accounts.list().next()).done) {
    const passwords = createPasswords(Config.parse(config).passwords)
    await accounts.add({ username: 'johndoe', hash: await passwords.hash('secret') })
  }
  await accounts.close()
  return startServing(folder, issuer, config, tree)
}
