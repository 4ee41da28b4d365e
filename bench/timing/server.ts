import { join } from 'node:path'
import { answerCpu } from '../subject.ts'
import { isPlant, plant } from './plant.ts'

const [folder = '', table = '', port = '', memory = '', iterations = '', mistake = ''] =
  process.argv.slice(2)
if (isPlant(mistake)) plant(mistake)
// After the mistake is planted.
const { Config } = await import('../../src/config/schema.ts')
const { createLog } = await import('../../src/http/log.ts')
const { startService } = await import('../../src/service.ts')
const config = Config.parse({
  issuer: `http://127.0.0.1:${port}`,
  listen: { host: '127.0.0.1', port: Number(port) },
  keys: join(folder, 'keys'),
  state: `sqlite:${join(folder, 'state.sqlite')}`,
  users: [
    {
      type: 'sql',
      url: `sqlite:${table}`,
      table: 'people',
      columns: { id: 'id', username: 'login', password: 'pw', disabled: 'disabled' },
    },
  ],
  apis: [{ audience: 'https://api.example', scopes: ['read'] }],
  clients: [{ id: 'web', public: true, grants: ['password'] }],
  throttle: { enabled: false },
  passwords: { hash: { memory: Number(memory), iterations: Number(iterations) } },
  log: { level: 'silent' },
})
const service = await startService(config, await createLog(config.log))
answerCpu(service.url, () => service.close())
