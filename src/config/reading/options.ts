import * as z from 'zod'
import { type Path, valueAt } from '../faults.ts'
import { Config } from '../schema.ts'

/** The part of JSON Schema (2020-12) that zod writes and that is read here. */
export interface OptionSchema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
  readonly properties?: Readonly<Record<string, OptionSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: OptionSchema | boolean
  readonly items?: OptionSchema
  readonly anyOf?: readonly OptionSchema[]
  readonly oneOf?: readonly OptionSchema[]
  /** Ours, set in values.ts: the value is a path, the path of a file that must be there, or sqlite:PATH. */
  readonly path?: 'any' | 'file' | 'sqlite'
}

let root: OptionSchema | undefined

/** The schema as data: what is an option where, and how it is described. Made when first asked for. */
export function rootOption(): OptionSchema {
  root ??= z.toJSONSchema(Config, { io: 'input' }) as OptionSchema
  return root
}

/** The alternatives of a schema that the value does not contradict by a constant such as `type: sql`. */
export function alternatives(schema: OptionSchema, value?: unknown): OptionSchema[] {
  const branches = schema.anyOf ?? schema.oneOf
  if (branches) return branches.flatMap((branch) => alternatives(branch, value))
  const contradicted = Object.entries(schema.properties ?? {}).some(([name, option]) => {
    const said = valueAt(value, [name])
    return option.const !== undefined && typeof said === 'string' && said !== option.const
  })
  return contradicted ? [] : [schema]
}

/** The schemas of what stands one step further in. */
export function stepInto(
  schema: OptionSchema,
  value: unknown,
  step: string | number,
): OptionSchema[] {
  return alternatives(schema, value).flatMap((option) => {
    if (typeof step === 'number') return option.items ?? []
    const { properties, additionalProperties } = option
    if (properties && Object.hasOwn(properties, step)) return properties[step] ?? []
    return typeof additionalProperties === 'object' ? additionalProperties : []
  })
}

/** The schemas of the option at a path of the given configuration; none where there is no such option. */
export function optionsAt(path: Path, root: unknown): OptionSchema[] {
  let value: unknown = root
  let schemas: OptionSchema[] = [rootOption()]
  for (const step of path) {
    schemas = schemas.flatMap((schema) => stepInto(schema, value, step))
    value = (value as Record<string | number, unknown> | null | undefined)?.[step]
  }
  return schemas
}
