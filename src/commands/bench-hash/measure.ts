import { type Argon2Parameters, hashArgon2id } from '../../passwords/argon2.ts'

export interface Measured extends Argon2Parameters {
  /** Hashes a second, all that run at once together. */
  readonly perSecond: number
  /** Processor time of one, in milliseconds. */
  readonly processorTime: number
}

/** OWASP's password storage cheat sheet: the least for argon2id, in KiB and passes. */
export const minimum: Argon2Parameters = { memory: 19_456, iterations: 2, parallelism: 1 }

const memories = [32, 46, 64, 96, 128, 192, 256].map((mebibytes) => mebibytes * 1024)
const passes = [3, 4, 6, 8, 10]

/** Each more work than the one before: more memory up to `most` KiB, then more passes over it. */
export function ladder(most: number): Argon2Parameters[] {
  const wider = [minimum, ...memories.map((memory) => ({ ...minimum, memory }))].filter(
    ({ memory }) => memory <= most || memory === minimum.memory,
  )
  const top = wider.at(-1) ?? minimum
  return [...wider, ...passes.map((iterations) => ({ ...top, iterations }))]
}

/** Milliseconds for one set of parameters, and for all of them. */
const each = 700
const patience = 10_000

/** From the weakest on, until one falls short of `wanted` a second or the time is over. */
export async function climb(
  candidates: readonly Argon2Parameters[],
  running: number,
  wanted: number,
): Promise<Measured[]> {
  const end = performance.now() + patience
  const measured: Measured[] = []
  for (const candidate of candidates) {
    const one = await measure(candidate, running)
    measured.push(one)
    if (one.perSecond < wanted || performance.now() > end) break
  }
  return measured
}

export async function measure(parameters: Argon2Parameters, running: number): Promise<Measured> {
  const password = Buffer.from('correct horse battery staple')
  // The first one takes its memory from the system.
  await hashArgon2id(password, parameters)
  const before = process.cpuUsage()
  const start = performance.now()
  let hashes = 0
  const one = async () => {
    do {
      await hashArgon2id(password, parameters)
      hashes += 1
    } while (performance.now() - start < each)
  }
  await Promise.all(Array.from({ length: running }, one))
  const perSecond = (hashes * 1000) / (performance.now() - start)
  const { user, system } = process.cpuUsage(before)
  return { ...parameters, perSecond, processorTime: (user + system) / 1000 / hashes }
}
