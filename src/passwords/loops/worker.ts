import { parentPort } from 'node:worker_threads'
import { giveWay } from '../priority.ts'
import type { Argon2Job } from './argon2.ts'
import { type Claim, take } from './claim.ts'
import { iterated, portable } from './iterated.ts'
import { md5Crypt } from './md5-crypt.ts'
import { shaCrypt } from './sha-crypt.ts'

/** What the thread can be asked for. `input` is the password, or what was made of it. */
export type Loop = { readonly input: Uint8Array } & (
  | { readonly loop: 'md5-crypt'; readonly salt: Uint8Array; readonly magic: string }
  | Rounds<'sha-crypt', 'sha256' | 'sha512'>
  | Rounds<'portable', 'md5' | 'sha512'>
  | { readonly loop: 'iterated'; readonly digest: string; readonly rounds: number }
  | { readonly loop: 'argon2'; readonly parameters: Argon2Job }
)

/** A loop that several threads may be told of. */
export interface Task {
  readonly id: number
  readonly claim: Claim
  readonly job: Loop
}

interface Rounds<Name, Digest> {
  readonly loop: Name
  readonly digest: Digest
  readonly salt: Uint8Array
  readonly rounds: number
}

// Its binary is not there for every platform, and nobody asks for it then (argon2.ts).
const { argon2 } = await import('./argon2.ts').catch(() => ({ argon2: undefined }))

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
    case 'argon2':
      if (argon2 === undefined) throw new Error('@node-rs/argon2 is not there')
      return argon2(job.input, job.parameters)
  }
}

giveWay()
parentPort?.on('message', ({ id, claim, job }: Task) => {
  if (take(claim)) parentPort?.postMessage({ id, output: compute(job) })
})
