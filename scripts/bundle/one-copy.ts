import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'esbuild'
import { inPackage } from './in-package.ts'

/**
 * npm puts the same version of a package beside each that needs it where another version has the
 * place of all: mime-db, a table of 2,000 media types, three times. In the bundle it is there once.
 */
export const oneCopy: Plugin = {
  name: 'one copy of each version of a package',
  setup({ onResolve, resolve }) {
    const copies = new Map<string, string>()
    onResolve({ filter: /^[^./]/ }, async ({ path, pluginData, ...from }) => {
      if (pluginData === oneCopy || !from.importer.includes('/node_modules/')) return undefined
      const found = await resolve(path, { ...from, pluginData: oneCopy })
      // What cannot be found may stand in a try, which esbuild sees and this does not.
      if (found.errors.length > 0) return undefined
      const folder = inPackage(found.path)
      if (folder === undefined || found.external) return found
      const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      const file = `${name}@${version}${found.path.slice(folder.length)}`
      if (!copies.has(file)) copies.set(file, found.path)
      return { ...found, path: copies.get(file) ?? found.path }
    })
  },
}
