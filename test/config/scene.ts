import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ConfigFaults, loadConfig } from '../../src/config/load.ts'
import type { Config } from '../../src/config/schema.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'

type Files = Readonly<Record<string, string>>

/** Loads a configuration from a folder of its own, in which the other files stand too. */
export async function load(
  text: string,
  environment: NodeJS.ProcessEnv = {},
  files: Files = {},
): Promise<Config> {
  await using folder = await temporaryFolder()
  for (const [name, content] of Object.entries({ ...files, 'latchkey.yaml': text })) {
    const path = join(folder.path, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, content)
  }
  return loadConfig(join(folder.path, 'latchkey.yaml'), environment)
}

/** What is wrong with it, as `line:column path: message`; nothing when it loads. */
export async function faults(...given: Parameters<typeof load>): Promise<string[]> {
  try {
    await load(...given)
    return []
  } catch (error) {
    if (!(error instanceof ConfigFaults)) throw error
    return error.message.split('\n').map((line) => line.slice(error.file.length + 1))
  }
}

/** A configuration with nothing wrong in it. */
export const valid = `
issuer: https://auth.example
apis:
  - audience: https://api.example
    scopes: [read, write]
clients:
  - id: app
    public: true
    grants: [password, refresh_token]
`

/** The valid one with more lines at its end. */
export const withLines = (...lines: string[]) => `${valid}${lines.join('\n')}\n`

/** The valid one with its client written anew. */
export const withClient = (client: string, rest = '') =>
  `${valid.slice(0, valid.indexOf('clients:'))}clients:\n  - ${client}\n${rest}`
