import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { parse } from 'yaml'
import { examineConfig } from '../../src/config/load.ts'
import { openState } from '../../src/state/index.ts'
import { freePort } from '../parts/port.ts'
import { usualProgram } from '../parts/redis.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'

interface Service {
  readonly [property: string]: unknown
  readonly image?: string
  readonly command?: readonly string[]
  readonly volumes?: readonly string[]
  readonly networks?: readonly string[]
  readonly secrets?: readonly string[]
  readonly ports?: readonly string[]
  readonly profiles?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly healthcheck?: { readonly test: readonly string[] }
}

interface Compose {
  readonly services: Readonly<Record<'latchkey' | 'redis' | 'postgres', Service>>
  readonly networks: Readonly<Record<string, { internal?: boolean; ipam?: unknown }>>
  readonly secrets: Readonly<Record<string, { environment: string }>>
  readonly volumes: Readonly<Record<string, unknown>>
}

const text = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
const compose: Compose = parse(text('docker-compose.yml'), { merge: true })
const { latchkey, redis, postgres } = compose.services
const services = Object.entries(compose.services)

const password = 'a1b2c3d4'
const examined = examineConfig(text('config/compose.yaml'), 'config/compose.yaml', {
  find: (reference) =>
    reference === 'file:/run/secrets/redis-password' ? password : new Error(`no ${reference}`),
  files: true,
})
const { config } = examined
if (!config) throw new Error(`config/compose.yaml: ${JSON.stringify(examined.faults)}`)

describe('docker-compose.yml', () => {
  for (const [name, service] of services)
    it(`takes from ${name} what it does not need`, () => {
      expect(service).to.deep.include({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        user: name === 'latchkey' ? 'node' : name,
      })
      expect(service).to.include.keys('pids_limit', 'mem_limit', 'restart')
      expect(service).not.to.have.any.keys(
        'privileged',
        'cap_add',
        'network_mode',
        'pid',
        'devices',
      )
    })

  it('pins the images that it does not build', () => {
    expect(latchkey).to.include({ build: '.' })
    for (const { image = '' } of [redis, postgres])
      expect(image).to.match(/^[a-z]+:\d+(\.\d+)*-[a-z]+$/)
  })

  it('defines every network, volume and secret that it uses, and uses all', () => {
    const used = (property: 'networks' | 'secrets') =>
      new Set(services.flatMap(([, service]) => service[property] ?? []))
    expect(used('networks')).to.deep.equal(new Set(Object.keys(compose.networks)))
    expect(used('secrets')).to.deep.equal(new Set(Object.keys(compose.secrets)))
    const sources = services.flatMap(([, { volumes = [] }]) =>
      volumes.map((one) => one.split(':')[0] ?? ''),
    )
    const files = sources.filter((source) => source.startsWith('.'))
    expect(files).to.deep.equal(['./config/compose.yaml'])
    for (const file of files)
      expect(existsSync(new URL(`../../${file}`, import.meta.url))).to.equal(true)
    expect(new Set(sources.filter((source) => !source.startsWith('.')))).to.deep.equal(
      new Set(Object.keys(compose.volumes)),
    )
  })

  it('lets nothing reach the stores but latchkey, and only this machine reach latchkey', () => {
    expect(compose.networks.inside).to.deep.equal({ internal: true })
    for (const store of [redis, postgres]) {
      expect(store.networks).to.deep.equal(['inside'])
      expect(store).not.to.have.property('ports')
    }
    expect(latchkey.ports).to.deep.equal(['127.0.0.1:8000:8000'])
  })

  it('hands secrets over as files', () => {
    for (const [, { environment = {} }] of services)
      for (const [name, value] of Object.entries(environment))
        if (/password|secret/i.test(name)) expect(value, name).to.match(/^\/run\/secrets\//)
    expect(text('docker-compose.yml')).not.to.match(/(?<!#.*)\$\{/)
    for (const { environment } of Object.values(compose.secrets))
      expect(environment).to.match(/^[A-Z_]+$/)
  })

  it('waits for a healthy Redis, and starts PostgreSQL by its profile alone', () => {
    expect(latchkey).to.deep.include({ depends_on: { redis: { condition: 'service_healthy' } } })
    for (const store of [redis, postgres]) expect(store.healthcheck?.test[0]).to.equal('CMD-SHELL')
    expect(postgres.profiles).to.deep.equal(['postgres'])
    expect([latchkey.profiles, redis.profiles]).to.deep.equal([undefined, undefined])
  })

  it('mounts the configuration where the image looks for it', () => {
    const mounted = latchkey.volumes?.find((volume) => volume.startsWith('./config/'))
    const [, target, mode] = mounted?.split(':') ?? []
    expect(text('Dockerfile')).to.include(`CMD ["serve", "--config", "${target}"]`)
    expect(mode).to.equal('ro')
  })
})

describe('config/compose.yaml', () => {
  it('is valid', () => {
    expect(examined.faults).to.deep.equal([])
  })

  it('listens where the health check and the published port expect it', () => {
    expect(config.listen).to.deep.equal({ host: '0.0.0.0', port: 8000 })
    expect(config.proxy?.trusted).to.deep.equal(['172.30.8.1/32'])
    expect(compose.networks.front?.ipam).to.deep.equal({
      config: [{ subnet: '172.30.8.0/24', gateway: '172.30.8.1' }],
    })
  })

  it('writes below the one volume of the image', () => {
    expect(latchkey.volumes).to.include('latchkey:/var/lib/latchkey')
    expect(text('Dockerfile')).to.match(/^VOLUME \/var\/lib\/latchkey$/m)
    const [directory] = config.users
    expect(config.keys.folder).to.equal('/var/lib/latchkey/keys')
    expect(directory).to.include({ type: 'embedded', path: '/var/lib/latchkey/users.sqlite' })
  })

  it('has no password of its own', () => {
    expect(config.development).to.equal(false)
    expect(config.clients.flatMap(({ secrets }) => secrets)).to.deep.equal([])
  })
})

describe('the Redis of docker-compose.yml', () => {
  it('starts from its command, asks for the password, and is safe to keep revocations in', async () => {
    await using folder = await temporaryFolder()
    await writeFile(join(folder.path, 'redis-password'), `${password}\n`)
    const port = await freePort()
    const [shell = '', flag = '', script = ''] = redis.command ?? []
    expect(script).to.include('dir /data\n')
    const here = script
      .replaceAll('$$', '$')
      .replace('redis-server', usualProgram)
      .replaceAll('/run/secrets', folder.path)
      .replace('dir /data\n', `dir ${folder.path}\nbind 127.0.0.1\nport ${port}\n`)
    const server = spawn(shell, [flag, here], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      for await (const chunk of server.stdout) if (/Ready to accept/.test(String(chunk))) break
      const url = (secret: string) => `redis://:${secret}@127.0.0.1:${port}`
      const { state } = config
      expect(state.url).to.equal(`redis://:${password}@redis:6379`)
      const wrong = await openState({ ...state, url: url('wrong') })
      expect(await wrong.check().catch((error: unknown) => error)).to.be.instanceOf(Error)
      await wrong.close()
      const opened = await openState({ ...state, url: url(password) })
      await opened.check()
      expect(await opened.once('compose', 60)).to.equal(true)
      await opened.close()
    } finally {
      server.kill()
      await once(server, 'exit')
    }
  })
})
