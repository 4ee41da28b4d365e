import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { homeOf } from '../../src/keys/home.ts'
import { stage } from '../../src/keys/ring.ts'
import { changeRing } from '../../src/keys/ring-home.ts'
import { newRing } from '../../src/keys/steps.ts'
import { createVault } from '../../src/keys/vault.ts'
import { openState } from '../../src/state/index.ts'
import { startRedis } from '../parts/redis.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'
import { tidied } from '../parts/tidy.ts'

const program = new URL('../parts/key-process.ts', import.meta.url).pathname

interface Seen {
  keys: { kid: string; algorithm: string; state: string }[]
  refreshTokenKey: string
}

async function ask(child: ChildProcess): Promise<Seen> {
  child.stdin?.write('\n')
  if (!child.stdout) throw new Error('the process has no output')
  const [answer] = await once(child.stdout, 'data')
  return JSON.parse(String(answer))
}

describe('a ring of keys that processes share', () => {
  const kept = tidied()

  const homes = [
    {
      name: 'a folder',
      url: async (path: string) => `sqlite:${join(path, 's.sqlite')}`,
      folder: 'keys',
    },
    { name: 'SQLite', url: async (path: string) => `sqlite:${join(path, 's.sqlite')}` },
    { name: 'Redis', url: async () => kept(await startRedis()).url },
  ]

  for (const { name, url, folder } of homes) {
    describe(`in ${name}`, () => {
      it('is made once by all who start together', async () => {
        await using at = await temporaryFolder()
        const place = folder === undefined ? [] : [join(at.path, folder)]
        const words = [program, await url(at.path), ...place]
        const processes = [1, 2].map(() =>
          spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] }),
        )
        const views = await Promise.all(processes.map(ask))
        for (const child of processes) child.stdin?.end()
        await Promise.all(processes.map((child) => once(child, 'exit')))
        for (const view of views) expect(view).to.deep.equal(views[0])
        const made = views[0]?.keys.map(({ algorithm, state }) => `${algorithm} ${state}`)
        expect(made).to.have.members(['ES256 current', 'EdDSA current'])
        if (place[0]) expect(await readdir(place[0])).to.deep.equal(['ring.1.json'])
      })

      it('loses no change of twenty who step at once', async () => {
        await using at = await temporaryFolder()
        const state = await openState({ url: await url(at.path) })
        const home = homeOf(folder === undefined ? undefined : join(at.path, folder), state)
        await home.prepare()
        const vault = createVault()
        await changeRing(home, async (found) => found ?? stage(await newRing(vault), [], 1))
        // Keys need no algorithm of their own here: each is previous at once, so that there is room for the next.
        const kids = await Promise.all(
          Array.from({ length: 20 }, async () => {
            const fresh = await vault.create('ES256')
            await changeRing(home, (found) => {
              if (!found) throw new Error('the ring is gone')
              const { keys, ...ring } = stage(found, [fresh], 2)
              const past = keys.map((key) => ({ ...key, state: 'previous' as const }))
              return { ...ring, keys: past }
            })
            return fresh.publicJwk.kid
          }),
        )
        const ring = await home.read()
        expect(ring?.version).to.equal(21)
        expect(ring?.keys.map(({ kid }) => kid)).to.have.members(kids)
        await state.close()
      })
    })
  }
})
