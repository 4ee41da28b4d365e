import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { ConfigFaults, loadConfig } from '../../src/config/load.ts'
import { startLatchkey } from '../parts/latchkey.ts'
import { formRequest } from '../parts/raw-socket.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'

const login = 'grant_type=password&username=johndoe&password=secret&client_id=web'

describe('RFC 6749 section 1.6: transport layer security', () => {
  const faultsOf = async (yaml: string) => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'latchkey.yaml')
    await writeFile(file, `${yaml}\napis: [{ audience: https://api.example }]\n`)
    try {
      loadConfig(file, {})
      return []
    } catch (error) {
      if (!(error instanceof ConfigFaults)) throw error
      return error.faults.map(({ path }) => path)
    }
  }

  it('is demanded by the configuration, but on loopback [HTTP-01 MET-04]', async () => {
    expect(await faultsOf('issuer: http://login.example')).to.include('issuer')
    expect(await faultsOf('issuer: http://127.0.0.1:8000')).not.to.include('issuer')
    expect(await faultsOf('issuer: https://login.example')).not.to.include('issuer')
    const open = 'issuer: https://login.example\nlisten: { host: 0.0.0.0 }'
    expect(await faultsOf(open)).to.include('listen.host')
    const proxied = `${open}\nproxy: { trusted: [10.0.0.0/8] }`
    expect(await faultsOf(proxied)).not.to.include('listen.host')
  })

  it('leaves plain HTTP without an answer on its port [HTTP-01]', async () => {
    await using folder = await temporaryFolder()
    const [cert, key] = [join(folder.path, 'cert.pem'), join(folder.path, 'key.pem')]
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
        ...['-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=127.0.0.1'],
      ],
      { stdio: 'ignore' },
    )
    const server = await startLatchkey({ tls: { cert, key } })
    try {
      const { port } = new URL(server.service.url)
      expect(await plainAnswer(Number(port))).to.equal('')
      expect(server.log.filter(({ path }) => path === '/token')).to.deep.equal([])
      expect(await secureStatus(Number(port))).to.equal(200)
    } finally {
      await server.stop()
    }
  })
})

/** What comes back for a login in the clear, until the server hangs up. */
async function plainAnswer(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(formRequest('/token', login))
  let received = ''
  try {
    for await (const chunk of socket) received += chunk
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error
  }
  return received
}

function secureStatus(port: number): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
  const options = {
    port,
    host: '127.0.0.1',
    path: '/token',
    method: 'POST',
    rejectUnauthorized: false,
    agent: false,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  }
  const sent = request(options, (response) => {
    response.resume()
    response.once('end', () => resolve(response.statusCode))
  })
  sent.once('error', reject)
  sent.end(login)
  return promise
}
