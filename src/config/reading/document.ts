import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { type Fault, type Path, pathKey, writePath } from '../faults.ts'

/** A configuration file, parsed: its plain value, and where each part of it stands. */
export interface ConfigDocument {
  readonly value: unknown
  /** What is wrong with the YAML itself. */
  readonly faults: readonly Fault[]
  /** Line and column of the option's name, or, where it is missing, of what it is missing from. */
  place(path: Path): { line: number; column: number }
}

const maximumNodes = 20_000
const maximumDepth = 32
const maximumFaults = 20

/** Options under which a configuration is parsed, for reading it and for editing it alike. */
export const yamlOptions = {
  version: '1.2',
  schema: 'core',
  merge: false,
  prettyErrors: false,
  logLevel: 'error',
} as const

/** Takes plain YAML 1.2 with anchors; refuses tags and merge keys, which would hide what is configured. */
export function parseConfigDocument(text: string): ConfigDocument {
  const lines = new LineCounter()
  const document = parseDocument(text, { ...yamlOptions, lineCounter: lines })
  const faults = new Map<number, Fault>()
  const starts = new Map<string, number>()
  let nodes = 0
  let oversize = false

  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const fault = (offset: number, path: Path, message: string) => {
    if (!faults.has(offset) && faults.size < maximumFaults)
      faults.set(offset, { ...place(offset), path: writePath(path), message })
  }

  /** The plain value of a node. Aliases are followed within the bounds, so that they cannot multiply. */
  function read(node: Node | null, path: Path, at: number): unknown {
    if (++nodes > maximumNodes || path.length > maximumDepth) {
      if (!oversize) fault(at, [], 'too much or too deep: write it out without aliases')
      oversize = true
      return undefined
    }
    if (!starts.has(pathKey(path))) starts.set(pathKey(path), at)
    if (node === null) return null
    if (isAlias(node)) {
      const target = node.resolve(document)
      if (!target) fault(at, path, 'no such anchor: a value that begins with * must be in quotes')
      return read(target ?? null, path, at)
    }
    if (node.tag) fault(at, path, 'no tags: a value that begins with ! must be in quotes')
    if (isScalar(node)) return node.value
    if (isSeq<Node | null>(node))
      return node.items.map((item, index) => read(item, [...path, index], start(item, at)))
    if (!isMap<Node, Node | null>(node)) return null
    return Object.fromEntries(
      node.items.map(({ key, value }) => {
        const name = isScalar(key) ? String(key.value) : ''
        const keyAt = start(key, at)
        if (!isScalar(key)) fault(keyAt, path, 'the name of an option must be a plain word')
        if (name === '<<') fault(keyAt, path, 'no merge keys: write the options out')
        starts.set(pathKey([...path, name]), keyAt)
        return [name, read(value, [...path, name], start(value, keyAt))]
      }),
    )
  }

  // The parser's own words may quote the file, and with it a secret; ours do not.
  for (const { code, pos } of document.errors) fault(pos[0], [], says[code] ?? `not YAML (${code})`)
  const value = document.errors.length ? undefined : read(document.contents, [], 0)
  return {
    value,
    faults: [...faults.values()],
    place(path) {
      for (let depth = path.length; depth > 0; depth--) {
        const offset = starts.get(pathKey(path.slice(0, depth)))
        if (offset !== undefined) return place(offset)
      }
      return place(0)
    },
  }
}

const start = (node: Node | null, otherwise: number) => node?.range?.[0] ?? otherwise

const quote = 'YAML does not expect this here: put the value in quotes'
const indent = 'indent the options of one level alike, and further than the level above'
const says: Partial<Record<string, string>> = {
  BAD_DQ_ESCAPE: 'no such escape: in double quotes a backslash is written twice',
  BAD_INDENT: indent,
  BAD_SCALAR_START: quote,
  BLOCK_AS_IMPLICIT_KEY: 'a colon too many: put the value in quotes',
  DUPLICATE_KEY: 'this option is written twice: leave one',
  MISSING_CHAR: 'a quote, bracket, comma or colon is missing',
  MULTILINE_IMPLICIT_KEY: indent,
  MULTIPLE_DOCS: 'one document only: leave out the second ---',
  RESOURCE_EXHAUSTION: 'nested too deep',
  TAB_AS_INDENT: 'a tab cannot indent YAML: use spaces',
  UNEXPECTED_TOKEN: quote,
}
