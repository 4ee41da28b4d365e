import { type Path, pathKey } from '../faults.ts'
import { alternatives, optionsAt } from './options.ts'

/** Turns what came from outside, always text, into the number or boolean that the option takes. */
export function fitTypes(root: unknown, fromOutside: ReadonlySet<string>): unknown {
  function walk(value: unknown, path: Path): unknown {
    if (typeof value === 'string')
      return fromOutside.has(pathKey(path)) ? convert(value, typesAt(path, root)) : value
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, walk(item, [...path, name])]),
    )
  }
  return fromOutside.size ? walk(root, []) : root
}

const typesAt = (path: Path, root: unknown) =>
  optionsAt(path, root)
    .flatMap((option) => alternatives(option))
    .map(({ type }) => type)

function convert(text: string, types: readonly (string | undefined)[]): unknown {
  const numeric = types.includes('integer') || types.includes('number')
  if (numeric && /^-?\d{1,15}$/.test(text)) return Number(text)
  if (types.includes('boolean') && /^(true|false)$/.test(text)) return text === 'true'
  return text
}
