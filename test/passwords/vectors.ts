import { readFileSync } from 'node:fs'
import type { HashFormat } from '../../src/passwords/format.ts'
import { type FormatSettings, listFormats } from '../../src/passwords/formats.ts'

export interface Vector {
  readonly format: string
  readonly password: Buffer
  readonly stored: string
  readonly source: string
  readonly settings: FormatSettings
}

interface Written {
  readonly format: string
  readonly password?: string
  /** Where the password is no UTF-8. */
  readonly hex?: string
  readonly stored: string
  readonly source: string
  readonly settings?: FormatSettings
}

const written: readonly Written[] = JSON.parse(
  readFileSync(new URL('vectors.json', import.meta.url), 'utf8'),
)

/** Every vector, with its password as bytes. */
export const vectors: readonly Vector[] = written.map(
  ({ format, password = '', hex, stored, source, settings = {} }) => ({
    format,
    password: hex === undefined ? Buffer.from(password) : Buffer.from(hex, 'hex'),
    stored,
    source,
    settings,
  }),
)

export function findFormat(stored: string, settings: FormatSettings = {}): HashFormat | undefined {
  return listFormats(settings).find(({ matches }) => matches(stored))
}
