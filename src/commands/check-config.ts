import { Command } from 'commander'
import { ConfigFaults, type Fault, loadConfig } from '../config/load.ts'
import { warnings } from '../config/warnings.ts'

interface Options {
  readonly config: string
  readonly json?: true
}

export const checkConfigCommand = () =>
  new Command('check-config')
    .description('say everything that is wrong with a configuration')
    .requiredOption('--config <file>', 'configuration file')
    .option('--json', 'print JSON: {"valid", "faults": [{"line", "column", "path", "message"}]}')
    .addHelpText(
      'after',
      `
What is allowed but may not be meant is a warning on standard error. Nothing is opened, made or connected to. It runs where the server runs: what \${NAME} and
\${file:PATH} refer to must be there.

Examples:
  latchkey check-config --config latchkey.yaml
  latchkey check-config --config latchkey.yaml && systemctl restart latchkey`,
    )
    .action(({ config, json }: Options) => {
      if (!json) {
        for (const warning of warnings(loadConfig(config))) console.warn(`warning: ${warning}`)
        console.log(`${config} is valid`)
        return
      }
      const faults = faultsOf(config)
      console.log(JSON.stringify({ valid: !faults.length, faults }))
      if (faults.length) process.exitCode = 1
    })

function faultsOf(config: string): readonly Fault[] {
  try {
    loadConfig(config)
    return []
  } catch (error) {
    if (error instanceof ConfigFaults) return error.faults
    throw error
  }
}
