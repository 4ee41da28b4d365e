import { accessSync, constants, statSync } from 'node:fs'
import { resolve } from 'node:path'
import * as z from 'zod'
import { type Finding, type Path, valueAt } from '../faults.ts'
import { Config } from '../schema.ts'
import type { OptionSchema } from './options.ts'

type Schema = z.core.$ZodType
type Kind = NonNullable<OptionSchema['path']>

/** Makes every path in a valid configuration absolute, and finds the files that are not there. */
export function resolvePaths<T>(config: T, folder: string): { config: T; findings: Finding[] } {
  const findings: Finding[] = []

  function walk(value: unknown, schemas: readonly Schema[], path: Path): unknown {
    const inside = (item: unknown, step: string | number) =>
      walk(
        item,
        schemas.flatMap((schema) => stepInto(schema, value, step)),
        [...path, step],
      )
    if (typeof value === 'string') {
      const kind = kindOf(schemas)
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

  return { config: walk(config, [Config], []) as T, findings }
}

// The schema itself is asked, not what options.ts makes of it: that would be a tenth of the time to start.

function kindOf(schemas: readonly Schema[]): Kind | undefined {
  const kinds = schemas
    .flatMap((schema) => alternatives(schema))
    .map((schema) => z.globalRegistry.get(schema)?.path)
  return kinds.find((kind) => kind === 'any' || kind === 'file' || kind === 'sqlite')
}

/** The schemas that a schema is made of and that the value does not contradict by a constant such as `type: sql`. */
function alternatives(schema: Schema, value?: unknown): Schema[] {
  const { def } = (schema as z.core.$ZodTypes)._zod
  switch (def.type) {
    case 'union':
      return def.options.flatMap((option) => alternatives(option, value))
    case 'optional':
    case 'default':
    case 'prefault':
      return alternatives(def.innerType, value)
    case 'pipe':
      return alternatives(def.in, value)
    case 'object':
      return Object.entries(def.shape).some(([name, option]) =>
        isNot(option, valueAt(value, [name])),
      )
        ? []
        : [schema]
    default:
      return [schema]
  }
}

function isNot(schema: Schema, said: unknown): boolean {
  const { def } = (schema as z.core.$ZodTypes)._zod
  return def.type === 'literal' && typeof said === 'string' && !def.values.includes(said)
}

/** The schemas of what stands one step further in. */
function stepInto(schema: Schema, value: unknown, step: string | number): Schema[] {
  return alternatives(schema, value).flatMap((option): Schema | Schema[] => {
    const { def } = (option as z.core.$ZodTypes)._zod
    if (def.type === 'array') return def.element
    if (def.type === 'record') return def.valueType
    const inside = def.type === 'object' && Object.hasOwn(def.shape, step) && def.shape[step]
    return inside || []
  })
}

function makeAbsolute(value: string, kind: Kind, folder: string): string {
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
