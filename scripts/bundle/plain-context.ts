import { readFileSync } from 'node:fs'
import type { Plugin } from 'esbuild'

/**
 * The engine gives the context of each request a getter of its own. V8 keeps what holds a getter among the old objects,
 * which are collected last: whatever hangs on the context, and that is the whole request, outlives every collection
 * of young ones, and is copied twice on its way. In the bundle the context has the same property as a value.
 */
export const plainContext: Plugin = {
  name: "the engine's context as a value",
  setup({ onLoad }) {
    onLoad({ filter: /[/]oidc-provider[/]lib[/]helpers[/]initialize_app[.]js$/ }, ({ path }) => ({
      contents: withPlainContext(readFileSync(path, 'utf8')),
    }))
  },
}

const getter =
  /let oidcCtx;\s+(Object\.defineProperty\(ctx, 'oidc', \{)\s+get: \(\) => \{\s+oidcCtx \|\|= (new this\.OIDCContext\(ctx\));\s+return oidcCtx;\s+\},\s+(\}\);)/

/** Throws where the engine's words are others: a new version of it may want another answer, or none. */
export function withPlainContext(code: string): string {
  const plain = code.replace(getter, '$1 value: $2 $3')
  if (plain === code)
    throw new Error(
      'the engine makes its context in another way now: see scripts/bundle/plain-context.ts',
    )
  return plain
}
