import cluster from 'node:cluster'
import { Command, InvalidArgumentError } from 'commander'
import { loadConfig } from '../config/load.ts'
import { catchSignals } from './serve/signals.ts'

/** More than any machine has processors to spare for. */
const mostWorkers = 256

/** Of a stack trace: the engine refuses by throwing, and a log line names the place of a failure alone. */
const frames = 4

export const serveCommand = () =>
  new Command('serve')
    .description('run the server')
    .requiredOption('--config <file>', 'configuration file')
    .option(
      '--workers <number>',
      'processes that share the listener; 0 for one a processor (default: this process alone)',
      readWorkers,
    )
    .addHelpText(
      'after',
      `
SIGTERM or SIGINT ends it: it takes no more requests, answers those under way for at most 10 seconds,
and exits 0. SIGHUP reads the configuration again: with any fault in it the former one goes on, and
the log says why. No connection is refused meanwhile, and no request is lost.

With --workers a process that ends by itself is replaced, and SIGHUP replaces them one after another.

Examples:
  latchkey serve --config latchkey.yaml
  latchkey serve --config latchkey.yaml --workers 0
  DATABASE_PASSWORD=… latchkey serve --config /etc/latchkey/latchkey.yaml`,
    )
    .action(async ({ config: file, workers }: { config: string; workers?: number }) => {
      Error.stackTraceLimit = frames
      if (cluster.isWorker) return (await import('./serve/worker.ts')).serveAsWorker()
      const signals = catchSignals()
      const config = loadConfig(file)
      if (workers === undefined) {
        await (await import('./serve/alone.ts')).serveAlone(file, config, signals)
      } else {
        await (await import('./serve/primary.ts')).serveByWorkers(file, config, workers, signals)
      }
      process.exit(0)
    })

function readWorkers(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) <= mostWorkers) return Number(text)
  throw new InvalidArgumentError(`write a number from 0 to ${mostWorkers}`)
}
