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
  rotate: script('clock', 'log', 'family', 'rotate'),
  end: script('clock', 'log', 'delete', 'end'),
  remove: script('delete', 'remove'),
  enlist: script('clock', 'enlist'),
  revoke: script('clock', 'log', 'revoke'),
  cutOff: script('clock', 'log', 'cut-off'),
  append: script('clock', 'log', 'append'),
  epoch: script('clock', 'log', 'epoch', 'birth'),
  logEnd: script('clock', 'log', 'epoch', 'log-end'),
  logAfter: script('clock', 'log', 'epoch', 'log-after'),
  serial: script('clock', 'serial'),
  enlistStatus: script('clock', 'enlist-status'),
  serialsUntil: script('serials-until'),
  replaceRing: script('replace-ring'),
  reportKeys: script('clock', 'report-keys'),
  keyReports: script('clock', 'key-reports'),
  count: script('count'),
  spend: script('clock', 'spend'),
  settle: script('clock', 'settle'),
} as const

/** Runs a script by its digest, and in full on a server that does not know it (SCRIPT FLUSH, restart). */
export async function loaded(
  script: Script,
  run: (command: string, what: string) => Promise<unknown>,
): Promise<unknown> {
  try {
    return await run('evalsha', script.sha1)
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes('NOSCRIPT')) throw error
    return run('eval', script.source)
  }
}
