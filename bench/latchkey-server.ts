import { join } from 'node:path'
import { hashSecret } from '../src/clients/secrets.ts'
import { Config } from '../src/config/schema.ts'
import { createLog } from '../src/http/log.ts'
import { createPasswords } from '../src/passwords/index.ts'
import { startService } from '../src/service.ts'
import { openAccounts } from '../src/users/embedded/accounts.ts'
import { answerCpu } from './subject.ts'

// As `latchkey serve` does.
Error.stackTraceLimit = 4

const [folder = '', state = '', port = '', memory = '', iterations = '', parallelism = ''] =
  process.argv.slice(2)
const config = Config.parse({
  issuer: `http://127.0.0.1:${port}`,
  listen: { host: '127.0.0.1', port: Number(port) },
  keys: join(folder, 'keys'),
  state,
  users: [{ type: 'embedded', path: join(folder, 'users.sqlite') }],
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
  passwords: {
    queue: 100,
    wait: 10_000,
    hash: {
      memory: Number(memory),
      iterations: Number(iterations),
      parallelism: Number(parallelism),
    },
  },
  // As it runs for others: one line a request, to wherever the starter sends them.
  log: { level: process.env.LOG_LEVEL ?? 'info' },
})
const accounts = openAccounts(join(folder, 'users.sqlite'))
if ((await accounts.list().next()).done) {
  const hash = await createPasswords(config.passwords).hash('secret')
  await accounts.add({ username: 'johndoe', hash })
}
await accounts.close()
const service = await startService(config, await createLog(config.log))
answerCpu(service.url, () => service.close())
