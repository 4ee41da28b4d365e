import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'

const folder = import.meta.dirname
const id = /\b(?:CVE-\d{4}-\d{4,}|GHSA(?:-[a-z0-9]{4}){3}|[a-z-]+(?:\/[a-z-]+)?#\d+)/

describe('the list of advisories', () => {
  const readme = readFileSync(join(folder, 'README.md'), 'utf8')
  const listed = readme
    .split('\n')
    .filter((line) => line.startsWith('| ') && line.includes('.spec.ts'))
    .map((line) => `${line.match(id)?.[0]} ${line.match(/[a-z-]+\.spec\.ts/)?.[0]}`)
  const tested = readdirSync(folder)
    .filter((file) => file.endsWith('.spec.ts'))
    .flatMap((file) =>
      [...readFileSync(join(folder, file), 'utf8').matchAll(/\bit\('([^':]+):/g)]
        .map(([, title = '']) => title.match(id)?.[0])
        .filter((found) => found !== undefined)
        .map((found) => `${found} ${file}`),
    )

  it('names every advisory that a spec is named by, and no other', () => {
    expect(listed.toSorted()).to.deep.equal(tested.toSorted())
    expect(new Set(tested.map((line) => line.split(' ')[0]))).to.have.lengthOf.at.least(45)
  })
})
