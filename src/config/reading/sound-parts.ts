import type * as z from 'zod'
import { type Path, valueAt } from '../faults.ts'
import { type ApiConfig, api, Config } from '../schema.ts'
import { type ClientConfig, client } from '../schema-clients.ts'

/**
 * What of a configuration is good, so that the rules over several options can be applied while
 * others are broken, and every fault is reported at once.
 */
export interface SoundParts {
  readonly parts: Partial<Config>
  /** Each with its position in the file. */
  readonly clients: readonly (readonly [number, ClientConfig])[]
  readonly apis: readonly (readonly [number, ApiConfig])[]
}

const unset = Object.fromEntries(Object.keys(Config.shape).map((name) => [name, undefined]))

/** Nothing is broken: nothing need be read twice. */
export const allParts = (config: Config): SoundParts => ({
  // An option that is left out is known, too.
  parts: { ...unset, ...config },
  clients: [...config.clients.entries()],
  apis: [...config.apis.entries()],
})

export function soundParts(root: unknown, missing: readonly Path[]): SoundParts {
  const lost = new Set(missing.map(([name]) => name))
  const parts: Partial<Config> = Object.fromEntries(
    Object.entries(Config.shape).flatMap(([name, schema]) => {
      if (lost.has(name)) return []
      const parsed = schema.safeParse(valueAt(root, [name]))
      return parsed.success ? [[name, parsed.data]] : []
    }),
  )
  return {
    parts,
    clients: soundEntries(root, 'clients', client),
    apis: soundEntries(root, 'apis', api),
  }
}

function soundEntries<T>(root: unknown, list: string, schema: z.ZodType<T>) {
  const entries = valueAt(root, [list])
  return (Array.isArray(entries) ? entries : []).flatMap((entry, index) => {
    const parsed = schema.safeParse(entry)
    return parsed.success ? [[index, parsed.data] as const] : []
  })
}

/** A copy in which nothing stands at these paths. */
export function without(root: unknown, paths: readonly Path[]): unknown {
  const copy = structuredClone(root)
  for (const path of paths) {
    const parent = valueAt(copy, path.slice(0, -1))
    if (typeof parent === 'object' && parent !== null)
      Reflect.deleteProperty(parent, path.at(-1) ?? '')
  }
  return copy
}
