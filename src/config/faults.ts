/** A place inside the configuration: option names and list positions, from the top. */
export type Path = readonly (string | number)[]

/** Something wrong at a path, not yet at a line. */
export interface Finding {
  readonly path: Path
  /** What is wrong and what to write instead; never a value that may be secret. */
  readonly message: string
}

/** One finding when something is wrong, none otherwise. */
export const when = (wrong: boolean, path: Path, message: string): Finding[] =>
  wrong ? [{ path, message }] : []

export interface Fault {
  /** Counted from 1, as is the column. */
  readonly line: number
  readonly column: number
  /** Written as `clients[0].grants[1]`; empty for the file as a whole. */
  readonly path: string
  readonly message: string
}

/** Everything that is wrong with a configuration file; `message` has one fault a line. */
export class ConfigFaults extends Error {
  override readonly name = 'ConfigFaults'
  readonly file: string
  readonly faults: readonly Fault[]

  constructor(file: string, faults: readonly Fault[]) {
    super(faults.map((fault) => line(file, fault)).join('\n'))
    this.file = file
    this.faults = faults
  }
}

const line = (file: string, { line, column, path, message }: Fault) =>
  `${file}:${line}:${column}${path && ` ${path}`}: ${message}`

export const writePath = (path: Path) =>
  path
    .map((step, depth) => (typeof step === 'number' ? `[${step}]` : depth ? `.${step}` : step))
    .join('')

/** Paths as keys of a map: JSON keeps `['a', 0]` apart from `['a', '0']`. */
export const pathKey = (path: Path) => JSON.stringify(path)

/** The value at a path, undefined where there is none. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string | number, unknown>)[step]
  }
  return value
}
