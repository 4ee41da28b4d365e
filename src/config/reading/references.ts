import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Finding, type Path, pathKey } from '../faults.ts'

/** What `${…}` in values became. */
export interface Substituted {
  readonly value: unknown
  readonly findings: readonly Finding[]
  /** Path keys of the values that hold something from outside the file. */
  readonly outside: ReadonlySet<string>
  /** Paths of the values that could not be had. */
  readonly missing: readonly Path[]
}

/** The content of one reference; an Error that says why there is none; undefined when it is not followed. */
export type Resolve = (reference: string) => string | Error | undefined

const reference = /\$\$\{|\$\{([^}]*)\}?/g
const maximumBytes = 65_536

/**
 * Replaces `${NAME}` and `${file:PATH}` in every string; `$${` stands for a plain `${`. What comes in
 * is data: it is neither parsed as YAML nor searched for references again.
 */
export function substitute(value: unknown, find: Resolve): Substituted {
  const findings: Finding[] = []
  const outside = new Set<string>()
  const missing: Path[] = []

  function inside(text: string, path: Path): string {
    let lost = false
    const replaced = text.replace(reference, (written: string, name: string | undefined) => {
      if (name === undefined) return '${'
      outside.add(pathKey(path))
      const found = find(name)
      if (typeof found === 'string') return found
      if (found) findings.push({ path, message: found.message })
      lost = true
      return written
    })
    if (lost) missing.push(path)
    return replaced
  }

  function walk(value: unknown, path: Path): unknown {
    if (typeof value === 'string') return inside(value, path)
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, walk(item, [...path, name])]),
    )
  }

  return { value: walk(value, []), findings, outside, missing }
}

/** Looks into the environment and into files; relative paths start at `folder`. */
export const lookOutside =
  (environment: NodeJS.ProcessEnv, folder: string): Resolve =>
  (name) => {
    if (name.startsWith('file:')) return readSecret(resolve(folder, name.slice('file:'.length)))
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what the operator writes
      return new Error('write ${NAME} or ${file:PATH}, or $${ where a plain ${ is meant')
    return environment[name] ?? new Error(`set the environment variable ${name}; it is not set`)
  }

function readSecret(path: string): string | Error {
  try {
    const content = readFileSync(path, 'utf8')
    if (content.length > maximumBytes) return new Error(`${path} is longer than a secret can be`)
    return content.replace(/\r?\n$/, '')
  } catch (error) {
    return new Error(`cannot read ${path} (${(error as NodeJS.ErrnoException).code})`)
  }
}
