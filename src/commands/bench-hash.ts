import { Command, InvalidArgumentError, Option } from 'commander'
import { loadConfig } from '../config/load.ts'
import { capacityOf } from '../passwords/capacity.ts'
import { caps } from '../passwords/caps.ts'
import { climb, ladder, measure, minimum } from './bench-hash/measure.ts'
import { describe, type HashReport, recommend, reserve } from './bench-hash/report.ts'

interface Options {
  readonly rate: number
  /** KiB. */
  readonly memory: number
  readonly config?: string
  readonly json?: true
}

export const benchHashCommand = () =>
  new Command('bench-hash')
    .description('find the parameters of argon2id for this machine and a rate of logins')
    .requiredOption('--rate <number>', 'password logins a second that it has to do', loginRate)
    .addOption(
      new Option('--memory <size>', 'most memory for one hash, such as 256M')
        .argParser(size)
        .default(65_536, '64M'),
    )
    .option('--config <file>', 'compute as many at once as this configuration, and measure its own')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
It keeps the processors busy for about ten seconds, with as many hashes at once as the server computes
(passwords.running; the processors, if left out), and recommends the strongest parameters that do a
tenth more than the rate, but never less than OWASP's minimum. Run it where the server will run, while
nothing else does. Of several servers each does its part of the logins.

Examples:
  latchkey bench-hash --rate 20
  latchkey bench-hash --rate 5 --memory 256M --config latchkey.yaml`,
    )
    .action(async ({ rate, memory, config: file, json }: Options) => {
      const options = file === undefined ? undefined : loadConfig(file).passwords
      const { running } = capacityOf({ running: options?.running })
      const measured = await climb(ladder(memory), running, rate * reserve)
      const hash = options?.hash
      const report: HashReport = {
        running,
        rate,
        measured,
        ...(hash && { configured: await measure(hash, running) }),
        ...recommend(measured, rate),
      }
      console.log(json ? JSON.stringify(report, undefined, 2) : describe(report))
    })

function loginRate(text: string): number {
  const value = Number(text)
  if (/^\d{1,5}(\.\d{1,3})?$/.test(text) && value > 0) return value
  throw new InvalidArgumentError('a number above 0, such as 20 or 0.5')
}

/** In KiB. */
function size(text: string): number {
  const [, amount, unit] = /^(\d{1,6})\s*([KM])(?:iB)?$/.exec(text) ?? []
  const kibibytes = Number(amount) * (unit === 'M' ? 1024 : 1)
  if (kibibytes >= minimum.memory && kibibytes <= caps.argon2.memory) return kibibytes
  throw new InvalidArgumentError(
    `a size from ${minimum.memory / 1024}M to ${caps.argon2.memory / 1024}M, such as 64M`,
  )
}
