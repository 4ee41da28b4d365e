/** One record of a file, and the line it begins on. */
export interface Numbered<T> {
  readonly line: number
  readonly record: T
}

const longestField = 65_536

/** The records of a CSV file (RFC 4180). Throws Error on a quote that does not end. */
export async function* readCsv(chunks: AsyncIterable<string>): AsyncGenerator<Numbered<string[]>> {
  let record: string[] = []
  let field = ''
  let state: 'plain' | 'quoted' | 'quote in quoted' = 'plain'
  let line = 1
  let start = 1
  for await (const chunk of chunks) {
    for (const character of chunk) {
      if (character === '\n') line += 1
      if (state === 'quoted') {
        if (character === '"') state = 'quote in quoted'
        else field += character
      } else if (character === '"' && (state === 'quote in quoted' || field === '')) {
        if (state === 'quote in quoted') field += character
        state = 'quoted'
      } else if (character === ',' || character === '\n') {
        record.push(field)
        field = ''
        state = 'plain'
        if (character === '\n') {
          yield* numbered(start, record)
          record = []
          start = line
        }
      } else {
        field += character
      }
      if (field.length > longestField) throw new Error(`line ${start}: a field is too long`)
    }
  }
  if (state === 'quoted') throw new Error(`line ${start}: a quote does not end`)
  record.push(field)
  yield* numbered(start, record)
}

/** The record without the return that ends its line; an empty line is none. */
function* numbered(line: number, fields: readonly string[]): Generator<Numbered<string[]>> {
  const record = [...fields.slice(0, -1), (fields.at(-1) ?? '').replace(/\r$/, '')]
  if (record.some(Boolean)) yield { line, record }
}

export function writeCsv(fields: readonly string[]): string {
  const quoted = fields.map((field) =>
    /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field,
  )
  return `${quoted.join(',')}\n`
}
