import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cliPage } from './docs/cli-page.ts'
import { configurationPage } from './docs/configuration-page.ts'
import { editorSchema } from './docs/editor-schema.ts'

/** Writes what docs/ derives from the code; with --check it writes nothing, and fails on drift. */
const pages = {
  'docs/cli.md': cliPage,
  'docs/config.schema.json': editorSchema,
  'docs/configuration.md': configurationPage,
}

const root = join(import.meta.dirname, '..')
const check = process.argv.includes('--check')

for (const [name, render] of Object.entries(pages)) {
  const path = join(root, name)
  const text = render(root)
  if (!check) writeFileSync(path, text)
  else if (read(path) !== text) {
    console.error(`${name} is not what the code says: run \`npm run docs\` and commit it`)
    process.exitCode = 1
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
