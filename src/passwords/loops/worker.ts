import { parentPort } from 'node:worker_threads'
import { iterated, portable } from './iterated.ts'
import { md5Crypt } from './md5-crypt.ts'
import { shaCrypt } from './sha-crypt.ts'

/** What the thread can be asked for. `input` is the password, or what was made of it. */
export type Loop = { readonly input: Uint8Array } & (
  | { readonly loop: 'md5-crypt'; readonly salt: Uint8Array; readonly magic: string }
  | Rounds<'sha-crypt', 'sha256' | 'sha512'>
  | Rounds<'portable', 'md5' | 'sha512'>
  | { readonly loop: 'iterated'; readonly digest: string; readonly rounds: number }
)

interface Rounds<Name, Digest> {
  readonly loop: Name
  readonly digest: Digest
  readonly salt: Uint8Array
  readonly rounds: number
}

function compute(job: Loop): Buffer {
  switch (job.loop) {
    case 'md5-crypt':
      return md5Crypt(job.input, job.salt, job.magic)
    case 'sha-crypt':
      return shaCrypt(job.digest, job.input, job.salt, job.rounds)
    case 'portable':
      return portable(job.digest, job.input, job.salt, job.rounds)
    case 'iterated':
      return iterated(job.digest, job.input, job.rounds)
  }
}

parentPort?.on('message', ({ id, job }: { id: number; job: Loop }) => {
  parentPort?.postMessage({ id, output: compute(job) })
})
