import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { freePort } from '../parts/port.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'
import { until } from '../parts/until.ts'
import { latchkey, startLatchkey } from './command.ts'

const metadata = '/.well-known/oauth-authorization-server'

const configuration = (url: string) => `issuer: ${url}
listen: { port: ${new URL(url).port} }
apis: [{ audience: "${url}/api" }]
`

/** A configuration in a folder of its own; the server, if it was started, ends with the scope. */
async function scene(rest = '', url?: string) {
  const folder = await temporaryFolder()
  const at = url ?? `http://127.0.0.1:${await freePort()}`
  const file = join(folder.path, 'latchkey.yaml')
  await writeFile(file, configuration(at) + rest)
  let server: ReturnType<typeof startLatchkey> | undefined
  return {
    ...folder,
    url: at,
    file,
    async serve() {
      server = startLatchkey(['serve', '--config', file], { folder: '/' })
      server.stdout.resume()
      await until(
        () =>
          fetch(`${at}${metadata}`).then(
            ({ status }) => status,
            () => 0,
          ),
        (status) => status === 200,
        15_000,
      )
      return server
    },
    async [Symbol.asyncDispose]() {
      if (server?.exitCode === null && server.kill('SIGKILL')) await once(server, 'exit')
      await folder[Symbol.asyncDispose]()
    },
  }
}

describe('latchkey serve', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    it(`serves until ${signal}, and exits 0`, async () => {
      await using at = await scene()
      const server = await at.serve()
      expect((await readdir(at.path)).sort()).to.deep.equal(['data', 'keys', 'latchkey.yaml'])
      const errors = text(server.stderr)
      server.kill(signal)
      expect(await once(server, 'exit')).to.deep.equal([0, null])
      expect(await errors).to.equal('')
    })

  it('has room in its table of open files before a crowd needs it', async () => {
    await using at = await scene('http: { connections: 1000 }\n')
    const { pid } = await at.serve()
    await until(
      async () => {
        const status = await readFile(`/proc/${pid}/status`, 'utf8')
        const open = (await readdir(`/proc/${pid}/fd`)).length
        return { slots: Number(/^FDSize:\s+(\d+)$/m.exec(status)?.[1]), open }
      },
      ({ slots, open }) => slots >= 1024 && open < 100,
    )
    expect((await fetch(`${at.url}${metadata}`)).status).to.equal(200)
  })

  it('touches nothing when the configuration is wrong', async () => {
    await using at = await scene('users: []\n')
    const { code, stdout, stderr } = await latchkey(['serve', '--config', at.file])
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' })
    expect(stderr).to.equal(`latchkey: ${at.file}:4:1 users: at least 1 entry\n`)
    expect(await readdir(at.path)).to.deep.equal(['latchkey.yaml'])
  })

  it('says in one line why it cannot start', async () => {
    await using at = await scene()
    await using other = await scene('', at.url)
    await at.serve()
    const { code, stderr } = await latchkey(['serve', '--config', other.file])
    expect(code).to.equal(1)
    expect(stderr).to.match(/^latchkey: .*\n$/)
    expect(stderr).to.contain(new URL(at.url).port)
  })
})
