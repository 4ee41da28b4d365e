import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ConfigFaults, type Fault, type Finding, type Path, pathKey, writePath } from './faults.ts'
import { parseConfigDocument } from './reading/document.ts'
import { explain, unknownOptions } from './reading/explain.ts'
import { fitTypes } from './reading/fit-types.ts'
import { resolvePaths } from './reading/paths.ts'
import { lookOutside, type Resolve, type Substituted, substitute } from './reading/references.ts'
import { allParts, type SoundParts, soundParts, without } from './reading/sound-parts.ts'
import { checks } from './rules/across-options.ts'
import { checkApi, checkClient } from './rules/client.ts'
import { checkNames, namesOf } from './rules/names.ts'
import { Config } from './schema.ts'

export { ConfigFaults, type Fault } from './faults.ts'

/**
 * The configuration in `file`: complete, deeply frozen, with every `${…}` replaced and every path
 * absolute. Touches nothing. Throws ConfigFaults with everything that is wrong at once.
 */
export function loadConfig(file: string, environment: NodeJS.ProcessEnv = process.env): Config {
  const { config, faults } = examineConfig(readConfigText(file), file, outsideOf(file, environment))
  if (!config || faults.length) throw new ConfigFaults(file, faults)
  return freeze(config)
}

const maximumBytes = 1_048_576

/** The text of a configuration file; throws ConfigFaults when it cannot be had. */
export function readConfigText(file: string): string {
  const fault = (message: string) =>
    new ConfigFaults(file, [{ line: 1, column: 1, path: '', message }])
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw fault(`cannot read the file (${code}); config/production.yaml is one to start from`)
  }
  if (text.length > maximumBytes) throw fault('longer than a configuration can be (1 MiB)')
  return text
}

export interface Examination {
  /** Absent while something is wrong, or not known because a reference was not followed. */
  readonly config?: Config
  readonly faults: readonly Fault[]
}

/** What a configuration may refer to. */
export interface Outside {
  readonly find: Resolve
  /** Whether files that it names must be there. */
  readonly files: boolean
}

const outsideOf = (file: string, environment: NodeJS.ProcessEnv): Outside => ({
  find: lookOutside(environment, dirname(resolve(file))),
  files: true,
})

/** For work on the file alone, perhaps by somebody who may not read its secrets: nothing is followed. */
export const nothingOutside: Outside = { find: () => undefined, files: false }

/** Everything that is wrong with the text as the content of `file`, in the order of the file. */
export function examineConfig(text: string, file: string, outside: Outside): Examination {
  const document = parseConfigDocument(text)
  if (document.faults.length) return { faults: document.faults }
  const substituted = substitute(document.value ?? {}, outside.find)
  const { findings, parts, config } = judge(substituted)
  const resolved = resolvePaths(config ?? parts, dirname(resolve(file)))
  const faults = [...substituted.findings, ...findings, ...(outside.files ? resolved.findings : [])]
    .map(({ path, message }) => ({ ...document.place(path), path: writePath(path), message }))
    .sort((one, other) => one.line - other.line || one.column - other.column)
  return config ? { config: resolved.config as Config, faults } : { faults }
}

function judge({ value, outside, missing }: Substituted) {
  const root = fitTypes(value, outside)
  // Compiled for one reading, a schema costs more than it saves.
  const parsed = Config.safeParse(root, { jitless: true })
  const issues = parsed.error?.issues ?? []
  const whole = parsed.success && missing.length === 0
  const sound = whole
    ? allParts(parsed.data)
    : soundParts(without(root, unknownOptions(issues)), missing)
  const findings: Finding[] = [
    ...issues
      .flatMap((issue) => explain(issue, root))
      .filter(({ path }) => !missing.some((lost) => startsWith(path, lost))),
    ...checks.flatMap((check) => check(sound.parts)),
    ...checkNames(parsed.data ?? root),
    ...checkEntries(root, sound, outside),
  ]
  return { findings, parts: sound.parts, config: missing.length ? undefined : parsed.data }
}

function checkEntries(
  root: unknown,
  { parts, apis, clients }: SoundParts,
  outside: ReadonlySet<string>,
) {
  const told = 'tls' in parts && 'proxy' in parts
  const around = {
    apis: parts.apis,
    audiences: namesOf(root, 'apis', 'audience'),
    isDefault: (id: string) => parts.defaultClient === id,
    certificatesArrive:
      !told || Boolean(parts.tls?.clientCa ?? parts.proxy?.clientCertificateHeader),
  }
  return [
    ...apis.flatMap(([index, api]) => below(['apis', index], checkApi(api))),
    ...clients.flatMap(([index, client]) => {
      const path = ['clients', index]
      const fromOutside = (secret: number) => outside.has(pathKey([...path, 'secrets', secret]))
      return below(path, checkClient(client, { ...around, fromOutside }))
    }),
  ]
}

const below = (above: Path, findings: Finding[]): Finding[] =>
  findings.map(({ path, message }) => ({ path: [...above, ...path], message }))

const startsWith = (path: Path, start: Path) => start.every((step, depth) => path[depth] === step)

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    Object.values(value).forEach(freeze)
  }
  return value
}
