import type { Argon2Parameters } from '../../passwords/argon2.ts'
import { type Measured, minimum } from './measure.ts'

export interface HashReport {
  /** Hashes at once. */
  readonly running: number
  /** Logins a second that are wanted. */
  readonly rate: number
  /** From the weakest to the strongest. */
  readonly measured: readonly Measured[]
  /** What passwords.hash says now. */
  readonly configured?: Measured
  readonly recommended: Measured
  /** Whether that is enough for the rate. */
  readonly enough: boolean
}

/** What a server does beside hashing: a tenth of the processors at most, and what an hour of rush brings. */
export const reserve = 1.1

/** The strongest that does `rate` a second with something left; OWASP's minimum where none does. */
export function recommend(
  measured: readonly Measured[],
  rate: number,
): Pick<HashReport, 'recommended' | 'enough'> {
  const [weakest = { ...minimum, perSecond: 0, processorTime: 0 }] = measured
  const fit = measured.findLast(({ perSecond }) => perSecond >= rate * reserve)
  return { recommended: fit ?? weakest, enough: fit !== undefined }
}

/** The report for people, which ends with what to write into the configuration. */
export function describe(report: HashReport): string {
  const { running, measured, configured, recommended } = report
  const rows = measured.map((one) => row(one, one === recommended ? 'recommended' : ''))
  if (configured) rows.push(row(configured, 'configured now'))
  return [
    `argon2id on this machine, ${running} at once:`,
    '',
    '  memory  passes  logins/s  processor',
    ...rows,
    ...disturbance(report),
    '',
    verdict(report),
    '',
    'passwords:',
    `  hash: ${yaml(recommended)}`,
  ].join('\n')
}

const row = ({ memory, iterations, perSecond, processorTime }: Measured, note: string) =>
  [
    mebibytes(memory).padStart(8),
    String(iterations).padStart(6),
    perSecond.toFixed(1).padStart(8),
    `${processorTime.toFixed(0)} ms`.padStart(9),
    note,
  ]
    .join('  ')
    .trimEnd()

/** What processor time says beside the clock: whether something else had the processors. */
function disturbance({ running, measured: [first] }: HashReport): string[] {
  if (first === undefined) return []
  const alone = (running * 1000) / first.processorTime
  if (first.perSecond > alone * 0.75) return []
  return [
    '',
    `Something else had the processors: by the time that hashes took of them, it might be ${alone.toFixed(0)} instead of ${first.perSecond.toFixed(0)}.`,
    'Measure again when the machine is quiet.',
  ]
}

function verdict({ rate, recommended, enough, running }: HashReport): string {
  const { memory, iterations, perSecond } = recommended
  const parameters = `${mebibytes(memory)} and ${iterations} passes`
  if (enough) {
    return `For ${rate} logins a second take ${parameters}: ${perSecond.toFixed(1)} a second here, at ${mebibytes(memory * running)} for all at once.`
  }
  const processors = Math.ceil((rate * reserve * running) / perSecond)
  return `This machine cannot do ${rate} logins a second: ${parameters} are OWASP's minimum, and do ${perSecond.toFixed(1)}.
Do not take less: ${rate} a second need about ${processors} processors like these, on one machine or several.`
}

const yaml = ({ memory, iterations, parallelism }: Argon2Parameters) =>
  `{ memory: ${memory}, iterations: ${iterations}, parallelism: ${parallelism} }`

const mebibytes = (kibibytes: number) => `${Math.round(kibibytes / 1024)} MiB`
