import type { Command } from 'commander'
import { Option } from 'commander'
import { algorithms } from '../../keys/algorithms.ts'
import { takingIds } from '../ids.ts'

export type Print = (line: string) => void

export const withConfig = (command: Command): Command =>
  command.requiredOption('--config <file>', 'configuration file')

export const withDryRun = (command: Command): Command =>
  command.option('--dry-run', 'say what would happen, and change nothing')

export const withAlgorithm = (command: Command, otherwise: string): Command =>
  command.addOption(
    new Option('--algorithm <name>', `only for this one; ${otherwise}, if left out`).choices(
      algorithms,
    ),
  )

export const withYes = (command: Command): Command => command.option('--yes', 'do not ask')

/** Names a key on the command line. */
export const withKid = (command: Command, shape: '<kid>' | '[kid]', description: string): Command =>
  takingIds(command).argument(shape, description)
