import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { compactVerify, importJWK } from 'jose'
import type { Algorithm } from '../../src/keys/algorithms.ts'
import { KeyFault } from '../../src/keys/key-fault.ts'
import { SigningUnavailable } from '../../src/keys/signing-device.ts'
import { socketDevice } from '../../src/keys/socket-device.ts'
import { createVault } from '../../src/keys/vault.ts'
import { createSoftHsm } from '../parts/soft-hsm.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'

const held: readonly Algorithm[] = ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA']

const vaultAt = (socket: string, timeout = 2000) =>
  createVault({ device: socketDevice({ socket, timeout }), deviceAlgorithms: held })

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => 'it succeeded',
    (error: unknown) => error,
  )
}

describe('keys in an HSM (SoftHSM2 by PKCS#11)', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let hsm: ReturnType<typeof createSoftHsm>
  let signer: Awaited<ReturnType<typeof hsm.startSigner>>

  before(async () => {
    folder = await temporaryFolder()
    hsm = createSoftHsm(folder.path)
    signer = await hsm.startSigner()
  })
  after(async () => {
    await signer.stop()
    await folder[Symbol.asyncDispose]()
  })

  for (const algorithm of held) {
    it(`sign ${algorithm}, as jose verifies it`, async () => {
      const vault = vaultAt(hsm.socket)
      const { material, publicJwk } = await vault.create(algorithm)
      expect(Object.keys(material)).to.deep.equal(['device'])
      const { sign } = await vault.open(material, publicJwk)
      const input = `${Buffer.from(JSON.stringify({ alg: algorithm })).toString('base64url')}.e30`
      const signature = (await sign(Buffer.from(input))).toString('base64url')
      const key = await importJWK({ ...publicJwk }, algorithm)
      const { payload } = await compactVerify(`${input}.${signature}`, key)
      expect(Buffer.from(payload).toString()).to.equal('{}')
      await vault.close()
    })
  }

  it('cannot be read out of it', async () => {
    const vault = vaultAt(hsm.socket)
    const { material } = await vault.create('ES256')
    await vault.close()
    const name = 'device' in material ? material.device : ''
    const { output } = hsm.ask('--list-objects', '--type', 'privkey')
    expect(output).to.contain(name)
    expect(output).to.match(/Access:\s+sensitive, always sensitive, never extract/)
  })

  it('are made here where it knows no such algorithm', async () => {
    const vault = vaultAt(hsm.socket)
    const { material, publicJwk } = await vault.create('ML-DSA-44')
    expect(material).to.have.property('jwk')
    expect(await vault.open(material, publicJwk)).to.include({ algorithm: 'ML-DSA-44' })
    await vault.close()
  })

  it('are refused when the ring names another public half, or none that is there', async () => {
    const vault = vaultAt(hsm.socket)
    const [one, other] = [await vault.create('ES256'), await vault.create('ES256')]
    expect(await failure(vault.open(one.material, other.publicJwk))).to.be.instanceOf(KeyFault)
    const gone = await failure(vault.open({ device: 'es256-gone' }, one.publicJwk))
    expect(gone).to.be.instanceOf(KeyFault)
    expect(await failure(createVault().open(one.material, one.publicJwk))).to.match(/keys\.device/)
    await vault.close()
  })

  it('sign again as soon as a signer that was away is back', async () => {
    const vault = vaultAt(hsm.socket)
    const { material, publicJwk } = await vault.create('ES256')
    const { sign } = await vault.open(material, publicJwk)
    await signer.stop()
    expect(await failure(Promise.resolve(sign(Buffer.from('data'))))).to.be.instanceOf(
      SigningUnavailable,
    )
    signer = await hsm.startSigner()
    expect(await sign(Buffer.from('data'))).to.have.lengthOf(64)
    await vault.close()
  })
})

describe('a signing process', () => {
  /** What signing ends with when the process answers a line by `answer`. */
  async function against(answer: (id: number) => string | undefined): Promise<string> {
    await using folder = await temporaryFolder()
    const socket = join(folder.path, 's.sock')
    const server = createServer((peer) => {
      peer.on('error', () => {})
      peer.on('data', (line) => {
        const said = answer(JSON.parse(String(line)).id)
        if (said === undefined) peer.destroy()
        else peer.write(said)
      })
    })
    await new Promise<void>((resolve) => server.listen(socket, resolve))
    const device = socketDevice({ socket, timeout: 60 })
    try {
      const error = await failure(device.sign('a-key', 'ES256', Buffer.from('data')))
      expect(error).to.be.instanceOf(SigningUnavailable)
      return String(error)
    } finally {
      await device.close()
      server.close()
    }
  }

  it('that is not there is unavailable', async () => {
    const device = socketDevice({ socket: '/nowhere/s.sock', timeout: 60 })
    expect(await failure(device.sign('a-key', 'ES256', Buffer.from('data')))).to.match(/ENOENT/)
  })

  it('that is silent, late, or talks of something else is unavailable', async () => {
    expect(await against(() => '')).to.contain('no answer in 60 ms')
    expect(await against((id) => `{"id":${id + 1},"signature":"AAAA"}\n`)).to.contain('no answer')
    expect(await against(() => 'not JSON\n[]\nnull\n7\n')).to.contain('no answer')
    expect(await against((id) => `{"id":${id}}\n`)).to.contain('another question')
    expect(await against(() => undefined)).to.contain('closed the connection')
  })

  it('that refuses is quoted, in printable characters and briefly', async () => {
    const message = await against(
      (id) => `${JSON.stringify({ id, error: `\u001b[31m${'x'.repeat(999)}` })}\n`,
    )
    expect(message).to.contain('?[31mxxx')
    expect(message.length).to.be.below(400)
  })

  it('whose line never ends is hung up on', async () => {
    const flood = 'x'.repeat(2 ** 24)
    expect(await against(() => flood + flood + flood)).to.match(/never ends|no answer/)
  })
})
