import { createInterface } from 'node:readline/promises'

/** Has somebody at a terminal type the beginning of a kid. Throws Error when nobody is there, or it was not typed. */
export async function confirm(kid: string, yes: boolean): Promise<void> {
  if (yes) return
  if (!process.stdin.isTTY)
    throw new Error('nobody is there to confirm it: look at it with --dry-run, then add --yes')
  const beginning = kid.slice(0, 6)
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const typed = await terminal.question(`Type ${beginning} to go on: `)
    if (typed.trim() !== beginning) throw new Error('not confirmed: nothing has changed')
  } finally {
    terminal.close()
  }
}
