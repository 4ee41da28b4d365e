import type { Config } from '../config/schema.ts'
import { createPasswords } from '../passwords/index.ts'
import { openAccounts } from '../users/embedded/accounts.ts'

const demo = { username: 'johndoe', password: 'secret' }

/** Makes the demo user in an embedded table that has no user yet (design D13). */
export async function prepareDemo(config: Config): Promise<void> {
  for (const directory of config.users) {
    if (directory.type !== 'embedded') continue
    const accounts = openAccounts(directory.path)
    try {
      const first = await accounts.list().next()
      if (!first.done) return
      await accounts.add({
        username: demo.username,
        email: 'johndoe@example.com',
        fullName: 'John Doe',
        hash: await createPasswords(config.passwords).hash(demo.password),
      })
    } finally {
      await accounts.close()
    }
  }
}

/** One screen: where it is, who may come in, and a line that works when pasted. */
export function demoScreen(url: string, config: Config): string {
  const client = config.clients.find((one) => one.public && one.grants.includes('password'))
  const clients = config.clients.map((one) =>
    one.public ? `${one.id} (public)` : `${one.id} / demo-secret (confidential)`,
  )
  return `
  Latchkey is running at ${url}        development only

  user      ${demo.username} / ${demo.password}
  clients   ${clients.join('\n            ')}

  Get a token:
    curl -d 'grant_type=password&username=${demo.username}&password=${demo.password}&client_id=${client?.id ?? ''}' ${url}/token

  What is on:  ${url}/.well-known/oauth-authorization-server
  Stop with Ctrl-C. Users, logins and revocations are kept in data/, keys in keys/.
`
}
