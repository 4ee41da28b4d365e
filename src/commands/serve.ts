import { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import { demoScreen, prepareDemo } from './demo.ts'

/** Milliseconds for requests under way, after which the process ends without them. */
const patience = 10_000

export const serveCommand = () =>
  new Command('serve')
    .description('run the server')
    .requiredOption('--config <file>', 'configuration file')
    .addHelpText(
      'after',
      `
SIGTERM or SIGINT ends it: it takes no more requests, answers those under way for at most 10 seconds,
and exits 0.

Examples:
  latchkey serve --config latchkey.yaml
  DATABASE_PASSWORD=… latchkey serve --config /etc/latchkey/latchkey.yaml`,
    )
    .action(async ({ config: file }: { config: string }) => {
      const config = loadConfig(file)
      const end = toldToEnd()
      const { startService } = await import('../service.ts')
      if (config.development) await prepareDemo(config)
      const service = await startService(config)
      if (config.development) process.stdout.write(demoScreen(service.url, config))
      await end
      await within(patience, service.close())
      process.exit(0)
    })

/** Resolves at the first signal; the next one ends the process as it is. */
const toldToEnd = () =>
  new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.once(signal, () => {
        process.once(signal, () => process.exit(1))
        resolve()
      })
  })

async function within(milliseconds: number, closing: Promise<void>): Promise<void> {
  const late = new Promise<never>((_, reject) => {
    const message = `requests were still under way after ${milliseconds / 1000} seconds`
    setTimeout(() => reject(new Error(message)), milliseconds).unref()
  })
  await Promise.race([closing, late])
}
