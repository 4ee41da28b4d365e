import { accessSync, constants, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Finding, Path } from '../faults.ts'
import { alternatives, type OptionSchema, rootOption, stepInto } from './options.ts'

/** Makes every path in a valid configuration absolute, and finds the files that are not there. */
export function resolvePaths<T>(config: T, folder: string): { config: T; findings: Finding[] } {
  const findings: Finding[] = []

  function walk(value: unknown, schemas: readonly OptionSchema[], path: Path): unknown {
    const inside = (item: unknown, step: string | number) =>
      walk(
        item,
        schemas.flatMap((schema) => stepInto(schema, value, step)),
        [...path, step],
      )
    if (typeof value === 'string') {
      const kind = schemas.flatMap((schema) => alternatives(schema)).find(({ path }) => path)?.path
      const absolute = kind ? makeAbsolute(value, kind, folder) : value
      const problem = kind === 'file' ? unreadable(absolute) : undefined
      if (problem) findings.push({ path, message: problem })
      return absolute
    }
    if (Array.isArray(value)) return value.map(inside)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, inside(item, name)]),
    )
  }

  return { config: walk(config, [rootOption()], []) as T, findings }
}

function makeAbsolute(value: string, kind: OptionSchema['path'], folder: string): string {
  if (kind !== 'sqlite') return resolve(folder, value)
  return value.startsWith('sqlite:')
    ? `sqlite:${resolve(folder, value.slice('sqlite:'.length))}`
    : value
}

function unreadable(path: string): string | undefined {
  try {
    accessSync(path, constants.R_OK)
    return statSync(path).isDirectory() ? `${path} is a folder: name a file` : undefined
  } catch (error) {
    return `cannot read ${path} (${(error as NodeJS.ErrnoException).code})`
  }
}
