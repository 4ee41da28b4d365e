import { parseArgs } from 'node:util'
import { passwordForm, serveProcess } from '../test/parts/serve-process.ts'
import { startSteadyClients } from '../test/parts/steady-clients.ts'

/**
 * Reloads a server under load, again and again, and fails when one answer is missing:
 * npm run reloads -- --times 10 --workers 2
 */
const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '10' },
    workers: { type: 'string', default: '2' },
    clients: { type: 'string', default: '6' },
  },
})
const workers = Number(values.workers)
const began = performance.now()
await using at = await serveProcess(workers > 0 ? ['--workers', values.workers] : [])
await at.says(workers > 0 ? 'all workers listen' : 'listening')

const body = `${new URLSearchParams(passwordForm())}`
const all = [
  startSteadyClients({ url: `${at.url}/readyz` }, Number(values.clients)),
  startSteadyClients({ url: `${at.url}/token`, method: 'POST', body }, 2),
]
for (let time = 1; time <= Number(values.times); time++) {
  await at.edit((text) => text.replace(/read[^\]]*\]/, `read, write-${time}]`))
  at.hangUp()
  await at.says('configuration reloaded', time)
  await Promise.all(all.map((clients) => clients.answers(5)))
}
const answered = all.map((clients) => clients.answered())
const failures = await Promise.all(all.map((clients) => clients.stop()))
at.server.kill('SIGTERM')
const code = await at.ended
const seconds = Math.round((performance.now() - began) / 1000)
console.log({ reloads: Number(values.times), workers, answered, failures, exit: code, seconds })
if (code !== 0 || failures.some((each) => Object.keys(each).length > 0)) process.exitCode = 1
