import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { type Document, isMap, isScalar, type ParsedNode, parseDocument } from 'yaml'
import { ConfigFaults } from './faults.ts'
import { examineConfig, nothingOutside, readConfigText } from './load.ts'
import { yamlOptions } from './reading/document.ts'

/** The file as a YAML document, for commands that show what it says. Throws ConfigFaults. */
export function openConfig(file: string): Document {
  return parse(readConfigText(file), file)
}

/**
 * Edits the clients of the file in place: every other line stays as it is, comments among the
 * clients stay, and the file is the old one or the new one at every moment. What would not be valid
 * is not written. Throws ConfigFaults, about the file as it was, and Error.
 */
export function editClients(file: string, edit: (document: Document) => void): void {
  const before = readConfigText(file)
  const document = parse(before, file)
  edit(document)
  const after = withClientsOf(before, document)
  const { faults } = examineConfig(after, file, nothingOutside)
  if (faults.length)
    throw new Error(
      `nothing was changed, because the configuration would not be valid:\n${faults
        .map(({ path, message }) => `${path}: ${message}`)
        .join('\n')}`,
    )
  replace(realpathSync(file), before, after)
}

/** The text with its `clients` as the edited document has them. */
function withClientsOf(text: string, edited: Document): string {
  const whole = edited.toString({
    lineWidth: 0,
    indentSeq: !/^clients:[^\n]*\n(#[^\n]*\n|\s*\n)*- /m.test(text),
    flowCollectionPadding: false,
  })
  const section = clientsIn(whole)
  const old = clientsIn(text)
  if (!old) return `${text.trimEnd()}\n\n${whole.slice(section?.start, section?.end)}`
  return text.slice(0, old.start) + whole.slice(section?.start, section?.end) + text.slice(old.end)
}

/** Where `clients` begins and ends in a text. */
function clientsIn(text: string): { start: number; end: number } | undefined {
  const { contents } = parseDocument(text, yamlOptions)
  if (!isMap<ParsedNode, ParsedNode | null>(contents)) return undefined
  const pair = contents.items.find(({ key }) => isScalar(key) && key.value === 'clients')
  return pair && { start: pair.key.range[0], end: (pair.value ?? pair.key).range[2] }
}

function parse(text: string, file: string): Document {
  const { faults } = examineConfig(text, file, nothingOutside)
  if (faults.length) throw new ConfigFaults(file, faults)
  return parseDocument(text, yamlOptions)
}

function replace(file: string, before: string, after: string): void {
  const { mode, uid, gid } = statSync(file)
  const draft = `${file}.${randomBytes(6).toString('hex')}.new`
  const descriptor = openSync(draft, 'wx', 0o600)
  try {
    try {
      writeFileSync(descriptor, after)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    keepOwner(draft, uid, gid)
    chmodSync(draft, mode & 0o7777)
    if (readFileSync(file, 'utf8') !== before)
      throw new Error(
        `${file} was changed by somebody else meanwhile; nothing was changed, try again`,
      )
    renameSync(draft, file)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
}

/** Only root may give a file away; anybody else owns what they write. */
function keepOwner(draft: string, uid: number, gid: number): void {
  if (process.getuid?.() === 0) chownSync(draft, uid, gid)
}
