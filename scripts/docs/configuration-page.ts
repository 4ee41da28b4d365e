import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { type OptionSchema, rootOption } from '../../src/config/reading/options.ts'

/** docs/configuration.md: every option, from the schema. */
export function configurationPage(root: string): string {
  const example = readFileSync(join(root, 'config/production.yaml'), 'utf8').trimEnd()
  return `${introduction}

## An example

\`\`\`yaml
${example}
\`\`\`

## Every option

An option without a default and not marked *required* may be left out.

${Object.entries(rootOption().properties ?? {})
  .map(topLevel)
  .join('\n')}`
}

const introduction = `# Configuration

<!-- Written by scripts/docs.ts from src/config; change that, then run npm run docs. -->

One YAML file configures the server: \`latchkey serve --config latchkey.yaml\`. Three stand in \`config/\` to
start from. \`latchkey check-config --config latchkey.yaml\` says everything that is wrong with one, as does
the server before it touches anything:

\`\`\`
latchkey.yaml:12:5 apis[0].acces: unknown option \`acces\`: the options here are …
\`\`\`

**From outside.** In any value \`\${NAME}\` stands for an environment variable and \`\${file:PATH}\` for the content of
a file, without the newline at its end. What comes in is taken as it is, never read as YAML; where a number or
true/false is wanted, it is read as one. Inside \`[ ]\` and \`{ }\` YAML wants it in quotes: \`['\${NAME}']\`. A plain \`\${\` is written \`$\${\`. In a URL, a password must be
percent-encoded, as URLs want it.

**Paths.** A relative path starts at the folder of the configuration file, not where the process runs, so that
every command means the same files. That goes for \`\${file:PATH}\` and for defaults too.

**Durations** are numbers of seconds, or \`30s\`, \`15m\`, \`12h\`, \`14d\`.

**YAML.** Version 1.2: \`yes\` is a text. Anchors work; tags, merge keys (\`<<\`) and an option written twice are faults.

**Client secrets** stand in the file as hashes only. \`latchkey client add\` and \`latchkey client rotate-secret\` make
a secret and store its hash. Secrets that are 256 random bits are stored as salted SHA-256: a slow hash would protect
nothing and cost every request. \`latchkey hash --client-secret\` hashes one that somebody chose, with scrypt. From outside
a secret may come as it is: any printable ASCII, \`+ / = % : &\` included.

**Editors** that know JSON Schema complete and check the file with \`config.schema.json\`, by this first line:
\`# yaml-language-server: $schema=…/config.schema.json\`.`

const head = '| option | value | default |  |\n|---|---|---|---|'

function topLevel([name, option]: [string, OptionSchema]): string {
  const required = rootOption().required?.includes(name) ?? false
  const rows = rowsBelow(name, option)
  const [own = ''] = [row('', name, option, required)]
  const kinds = branches(option.items ?? option).filter(({ properties }) => properties?.type?.const)
  return [
    `### ${name}\n`,
    head,
    own,
    ...(kinds.length ? [] : rows),
    ...kinds.map((kind) => kindOf(name, kind)),
    '',
  ].join('\n')
}

/** One of several kinds of entry, told apart by \`type\`. */
function kindOf(list: string, kind: OptionSchema): string {
  const { type, ...properties } = kind.properties ?? {}
  const rows = rowsBelow(`${list}[]`, { ...kind, properties })
  return `\n#### ${list}: \`type: ${type?.const}\`\n\n${type?.description ?? ''}\n\n${[head, ...rows].join('\n')}`
}

function rowsBelow(path: string, option: OptionSchema): string[] {
  const entries = option.items ? branches(option.items) : branches(option)
  const prefix = option.items ? `${path}[]`.replace('[][]', '[]') : path
  const alone = entries.filter(({ properties }) => properties).length === 1
  return entries.flatMap(({ properties = {}, required = [] }) =>
    Object.entries(properties).flatMap(([name, inner]) => [
      row(`${prefix}.`, name, inner, alone && required.includes(name)),
      ...rowsBelow(`${prefix}.${name}`, inner),
    ]),
  )
}

const branches = (option: OptionSchema): readonly OptionSchema[] =>
  (option.anyOf ?? option.oneOf)?.flatMap(branches) ?? [option]

function row(prefix: string, name: string, option: OptionSchema, required: boolean): string {
  const standard = required ? '*required*' : written(option.default)
  const cells = [`\`${prefix}${name}\``, kindOfValue(option), standard, option.description ?? '']
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function written(value: unknown): string {
  const empty = typeof value === 'object' && value !== null && !Object.keys(value).length
  if (value === undefined || value === '' || empty) return ''
  return `\`${stringify(value, { collectionStyle: 'flow' }).trim()}\``
}

function kindOfValue(option: OptionSchema): string {
  const kinds = branches(option)
  if (kinds.some(({ type }) => type === 'integer') && kinds.length > 1) return 'duration'
  return [...new Set(kinds.map(plainValue))].join(' or ')
}

function plainValue({
  type,
  enum: names,
  const: only,
  items,
  path,
  ...option
}: OptionSchema): string {
  if (names) return names.map((name) => `\`${name}\``).join(', ')
  if (only !== undefined) return `\`${only}\``
  if (path === 'any' || path === 'file') return 'path'
  if (type === 'array') return items ? `list of ${kindOfValue(items)}` : 'list'
  if (type === 'integer') return range(option)
  if (type === 'object') return option.properties ? 'options' : 'mapping'
  return { string: 'text', boolean: 'true, false', null: 'null' }[type ?? ''] ?? type ?? ''
}

const range = ({ minimum, maximum }: OptionSchema) =>
  minimum !== undefined && maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER
    ? `${minimum} to ${maximum}`
    : `number${minimum === undefined ? '' : `, at least ${minimum}`}`
