import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { expect } from 'chai'
import { temporaryFolder } from '../parts/temporary-folder.ts'

const program = new URL('../parts/key-process.ts', import.meta.url).pathname

interface Seen {
  keys: { kid: string; algorithm: string; state: string }[]
  refreshTokenKey: string
}

async function ask(child: ChildProcess, now: number): Promise<Seen> {
  child.stdin?.write(`${now}\n`)
  if (!child.stdout) throw new Error('the process has no output')
  const [answer] = await once(child.stdout, 'data')
  return JSON.parse(String(answer))
}

describe('processes that share a folder of keys', () => {
  const processes: ChildProcess[] = []
  const start = (folder: string) => {
    for (let count = 0; count < 3; count += 1)
      processes.push(
        spawn(process.execPath, [program, folder], { stdio: ['pipe', 'pipe', 'inherit'] }),
      )
  }
  after(() => {
    for (const child of processes) child.kill()
  })

  it('make one key together, at the first start and at every rotation', async () => {
    await using folder = await temporaryFolder()
    start(folder.path)
    let now = Date.parse('2026-01-01T00:00:00Z')
    for (let rotation = 1; rotation <= 5; rotation += 1) {
      const views = await Promise.all(processes.map((child) => ask(child, now)))
      for (const view of views) expect(view).to.deep.equal(views[0])
      const newest = rotation === 1 ? 'current' : 'next'
      const made = views[0]?.keys.filter(({ state }) => state === newest) ?? []
      expect(made.map(({ algorithm }) => algorithm)).to.have.members(['ES256', 'EdDSA'])
      const files = (await readdir(folder.path)).filter((name) => name.startsWith('ES256'))
      expect(Math.max(...files.map((name) => Number(/\d+(?=\.json)/.exec(name))))).to.equal(
        rotation,
      )
      now += 30 * 86_400_000
    }
  })
})
