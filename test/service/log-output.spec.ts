import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'

const log = new URL('../../src/http/log.ts', import.meta.url).href

/** What a process said on standard output that logs two lines and then ends in this way. */
async function said(end: string): Promise<string[]> {
  const program = `
    import { createLog } from '${log}'
    const log = await createLog({ level: 'info', pretty: false })
    setTimeout(() => { log.info('first'); log.info('last'); ${end} }, 1)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')])
  return output
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line).msg)
}

describe('the log', () => {
  for (const [how, end] of [
    ['by itself', ''],
    ['at once', 'process.exit(1)'],
    ['by an error that nobody caught', 'throw new Error()'],
  ] as const) {
    it(`is out when the process ends ${how}`, async () => {
      expect(await said(end)).to.deep.equal(['first', 'last'])
    })
  }

  it('outlives a reader that has gone', async () => {
    const program = `
      import { createLog } from '${log}'
      const log = await createLog({ level: 'info', pretty: false })
      process.once('message', () => {
        log.info('into nothing')
        setImmediate(() => { log.info('once more'); setImmediate(() => process.exit(7)) })
      })
      process.send('ready')`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
    })
    await once(child, 'message')
    child.stdout?.destroy()
    child.send('go')
    const [code] = await once(child, 'exit')
    expect(code).to.equal(7)
  })
})
