import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inPackage } from './in-package.ts'

/** The licence of every package that the files, below `root`, are from, as most of them ask of whoever copies them. */
export function notices(root: string, files: readonly string[]): string {
  const folders = new Set(files.flatMap((file) => inPackage(file) ?? []))
  return [...folders]
    .sort()
    .map((folder) => notice(join(root, folder)))
    .join('\n\n')
}

function notice(folder: string): string {
  const read = (name: string) => readFileSync(join(folder, name), 'utf8').trim()
  const { name, version, license } = JSON.parse(read('package.json'))
  const texts = readdirSync(folder).filter((file) => /^(licen[cs]e|notice)/i.test(file))
  return [`${name} ${version} (${license})`, ...texts.map(read)].join('\n\n')
}
