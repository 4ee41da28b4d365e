import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

export interface Script {
  readonly source: string
  readonly sha1: string
}

/** Lua has no imports on a server: a script is what it needs and itself, one after the other. */
function script(...names: readonly string[]): Script {
  const source = names
    .map((name) => readFileSync(new URL(`scripts/${name}.lua`, import.meta.url), 'utf8'))
    .join('')
  return { source, sha1: createHash('sha1').update(source).digest('hex') }
}

export const scripts = {
  open: script('clock', 'family', 'open'),
  find: script('family', 'find'),
  rotate: script('clock', 'family', 'rotate'),
  enlist: script('clock', 'enlist'),
  cutOff: script('clock', 'cut-off'),
  spend: script('spend'),
  refund: script('refund'),
} as const
