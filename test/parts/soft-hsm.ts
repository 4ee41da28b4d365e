import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const module = '/usr/lib/softhsm/libsofthsm2.so'
const pin = '1234'
const script = new URL('../../examples/pkcs11-signer/signer.py', import.meta.url).pathname

export interface SoftHsm {
  readonly socket: string
  /** The example's signing process in front of it, ready. */
  startSigner(): Promise<{ stop(): Promise<void> }>
  /** What OpenSC's pkcs11-tool says. */
  ask(...options: string[]): { readonly status: number | null; readonly output: string }
}

/** A token of SoftHSM2 in a folder (Debian: softhsm2, opensc, python3-pykcs11). */
export function createSoftHsm(folder: string): SoftHsm {
  const tokens = join(folder, 'tokens')
  mkdirSync(tokens)
  const configuration = join(folder, 'softhsm2.conf')
  writeFileSync(configuration, `directories.tokendir = ${tokens}\nobjectstore.backend = file\n`)
  const env = {
    PATH: process.env.PATH,
    SOFTHSM2_CONF: configuration,
    PKCS11_MODULE: module,
    PKCS11_TOKEN: 'latchkey',
    PKCS11_PIN: pin,
  }
  const run = (command: string, options: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(command, options, { env, encoding: 'utf8' })
    return { status, output: stdout + stderr }
  }
  const initialize = [
    '--init-token',
    '--free',
    '--label',
    'latchkey',
    '--so-pin',
    pin,
    '--pin',
    pin,
  ]
  const made = run('softhsm2-util', initialize)
  if (made.status !== 0) throw new Error(`softhsm2-util: ${made.output}`)
  const socket = join(folder, 'signer.sock')

  return {
    socket,
    ask: (...options) =>
      run('pkcs11-tool', ['--module', module, '--login', '--pin', pin, ...options]),
    async startSigner() {
      const signer = spawn('/usr/bin/python3', ['-B', script, socket], { env })
      let said = ''
      signer.stderr.on('data', (chunk) => {
        said += chunk
      })
      await new Promise<void>((resolve, reject) => {
        signer.stdout.once('data', () => resolve())
        signer.once('error', reject)
        signer.once('exit', (code) => reject(new Error(`the signer ended with ${code}: ${said}`)))
      })
      return {
        async stop() {
          signer.kill('SIGTERM')
          if (signer.exitCode === null && signer.signalCode === null) await once(signer, 'exit')
        },
      }
    },
  }
}
