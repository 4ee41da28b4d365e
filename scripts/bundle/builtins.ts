import type { Plugin } from 'esbuild'

/**
 * An import of node:http reads every name that it exports, and one of them is a getter that loads
 * Node's whole fetch: 25 ms and 4 MB that a server does not need to start. Asked for by
 * getBuiltinModule, it is the module itself, and nothing is read but what is used.
 */
export const builtins: Plugin = {
  name: 'node:http without its getters',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(?:node:)?https?$/ }, ({ path }) => ({
      path: path.replace('node:', ''),
      namespace: 'builtin',
    }))
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('node:${path}')`,
    }))
  },
}
