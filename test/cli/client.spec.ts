import { chmod, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { verifySecret } from '../../src/clients/secrets.ts'
import { loadConfig } from '../../src/config/load.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'
import { latchkey } from './command.ts'

const original = `# Ours
issuer: https://auth.example   # never changes

apis: [ {audience: https://api.example, scopes: [read]} ]
clients:
  # The web shop
  - id: shop
    secrets: ['\${SHOP}'] # from the vault
    grants: [client_credentials]
log: {level: warn}
# the end
`

/** `latchkey client …` on a configuration of its own. */
async function scene(text = original) {
  const folder = await temporaryFolder()
  const file = join(folder.path, 'latchkey.yaml')
  await writeFile(file, text)
  return {
    ...folder,
    file,
    text: () => readFile(file, 'utf8'),
    client: (id: string) =>
      loadConfig(file, { SHOP: 'old' }).clients.find((client) => client.id === id),
    run: (...words: string[]) => latchkey(['client', ...words, '--config', file]),
  }
}

describe('latchkey client', () => {
  it('add shows the secret once, stores its hash, and changes no other line', async () => {
    await using at = await scene()
    const { stdout, code } = await at.run(
      'add',
      'cron',
      '--grant',
      'client_credentials',
      '--scope',
      'read',
      '--json',
    )
    expect(code).to.equal(0)
    const { id, secret } = JSON.parse(stdout)
    expect(id).to.equal('cron')
    expect(secret).to.match(/^[A-Za-z0-9]{43}$/)
    const text = await at.text()
    expect(text).not.to.contain(secret)
    expect(text.replace(/ {2}- id: cron\n( {4}.*\n)+/, '')).to.equal(original)
    expect(at.client('cron')).to.deep.include({ grants: ['client_credentials'], scopes: ['read'] })
    expect(await verifySecret([secret], at.client('cron')?.secrets ?? [])).to.equal(true)
  })

  it('add gives a public client no secret', async () => {
    await using at = await scene()
    const { stdout } = await at.run(
      'add',
      'spa',
      '--public',
      '--grant',
      'password',
      '--grant',
      'refresh_token',
      '--origin',
      'https://a.example',
    )
    expect(stdout).not.to.contain('secret')
    expect(at.client('spa')).to.deep.include({
      public: true,
      secrets: [],
      grants: ['password', 'refresh_token'],
      origins: ['https://a.example'],
    })
  })

  it('add makes the list of clients where there is none', async () => {
    await using at = await scene(original.replace(/clients:\n( .*\n)+/, ''))
    expect(await at.run('add', 'spa', '--public')).to.have.property('code', 0)
    expect(await at.text()).to.match(/# the end\n\nclients:\n {2}- id: spa\n {4}public: true\n$/)
  })

  it('rotate-secret adds one beside the old ones; --drop-old ends those', async () => {
    await using at = await scene()
    const first: string = JSON.parse(
      (await at.run('rotate-secret', 'shop', '--json')).stdout,
    ).secret
    expect(at.client('shop')?.secrets[0]).to.equal('old')
    expect(await verifySecret([first], at.client('shop')?.secrets ?? [])).to.equal(true)
    const second: string = JSON.parse(
      (await at.run('rotate-secret', 'shop', '--drop-old', '--json')).stdout,
    ).secret
    const stored = at.client('shop')?.secrets ?? []
    expect(stored).to.have.lengthOf(1)
    expect(await verifySecret([second], stored)).to.equal(true)
    expect(await verifySecret(['old', first], stored)).to.equal(false)
    expect(await at.text())
      .to.contain('# from the vault')
      .and.to.contain('# The web shop')
  })

  it('list shows every client and no secret', async () => {
    await using at = await scene()
    await at.run('add', 'spa', '--public', '--grant', 'password')
    const { stdout } = await at.run('list', '--json')
    expect(JSON.parse(stdout)).to.deep.equal([
      {
        id: 'shop',
        public: false,
        authentication: 'secret',
        grants: ['client_credentials'],
        apis: [],
        secrets: 1,
      },
      {
        id: 'spa',
        public: true,
        authentication: 'none',
        grants: ['password'],
        apis: [],
        secrets: 0,
      },
    ])
    expect((await at.run('list')).stdout).to.match(/^shop .*client_credentials\nspa .*password\n$/)
  })

  it('remove removes it', async () => {
    await using at = await scene()
    await at.run('add', 'spa', '--public')
    const removed = await at.run('remove', 'spa')
    expect(removed).to.have.property('code', 0)
    // The secret that the file refers to is not in this environment.
    expect(removed.stderr).to.include('latchkey revoke client spa')
    expect(await at.text()).to.equal(original)
  })

  it('changes nothing when it cannot be done, and says why', async () => {
    await using at = await scene(`${original}defaultClient: gone\n`)
    expect((await at.run('add', 'a', '--public')).stderr).to.contain(
      ':12:1 defaultClient: no client has this id',
    )
    await writeFile(at.file, original)
    const refused: [string[], string][] = [
      [['add', 'shop', '--public'], 'there is a client shop already'],
      [['add', 'a', '--grant', 'passwrd'], 'clients[1].grants[0]: did you mean `password`?'],
      [['add', 'a', '--public', '--scope', 'rite'], 'clients[1].scopes[0]: none of the client'],
      [['add', 'a:b'], 'clients[1].id: printable ASCII without space and colon'],
      [['remove', 'nobody'], 'there is no client nobody'],
      [['rotate-secret', 'nobody'], 'there is no client nobody'],
    ]
    for (const [[words, message], run] of refused.map(
      (each) => [each, at.run(...each[0])] as const,
    )) {
      const { code, stderr, stdout } = await run
      expect({ code, stdout }, words.join(' ')).to.deep.equal({ code: 1, stdout: '' })
      expect(stderr).to.contain(message)
    }
    expect(await at.text()).to.equal(original)
    expect(await readdir(at.path)).to.deep.equal(['latchkey.yaml'])
  })

  it('keeps the mode of the file, and a symbolic link to it', async () => {
    await using at = await scene()
    await chmod(at.file, 0o640)
    const link = join(at.path, 'link.yaml')
    await symlink('latchkey.yaml', link)
    await latchkey(['client', 'add', 'spa', '--public', '--config', link])
    expect((await stat(at.file)).mode & 0o777).to.equal(0o640)
    expect(at.client('spa')).to.have.property('public', true)
    expect((await readdir(at.path)).sort()).to.deep.equal(['latchkey.yaml', 'link.yaml'])
  })
})
