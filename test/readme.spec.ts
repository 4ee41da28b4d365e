import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { startDevelopmentServer } from './parts/development-server.ts'

const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8')

interface Step {
  readonly command: string
  /** What it prints, with … for what differs. */
  readonly answer: string
}

const steps: Step[] = [...readme.matchAll(/```console\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
  block
    .split(/^\$ /m)
    .slice(1)
    .map((step) => {
      const [command = '', ...answer] = step.trimEnd().split('\n')
      return { command, answer: answer.join('\n') }
    }),
)

describe('the README', () => {
  let server: Awaited<ReturnType<typeof startDevelopmentServer>>

  before(async () => {
    server = await startDevelopmentServer()
  })
  after(() => server.close())

  it('has a tour whose every command gives the answer it shows', async () => {
    expect(steps.length).to.be.greaterThan(12)
    const marker = '--- next ---'
    const script = steps.map(({ command }) => `${here(command)}\necho '${marker}'`).join('\n')
    const printed = (await shell(script)).split(`${marker}\n`).slice(0, -1)
    expect(printed).to.have.lengthOf(steps.length)
    for (const [index, { command, answer }] of steps.entries()) {
      expect(printed[index]?.trimEnd(), command).to.match(pattern(here(answer)))
    }
  })

  const here = (text: string) => text.replaceAll('http://127.0.0.1:8000', server.url)
})

/** Whole answers, with … for anything. */
const pattern = (answer: string) =>
  new RegExp(
    `^${answer
      .split('…')
      .map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      .join('[^]*')}$`,
  )

async function shell(script: string): Promise<string> {
  const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  child.stdout.on('data', (chunk) => {
    printed += chunk
  })
  await once(child, 'close')
  return printed
}
