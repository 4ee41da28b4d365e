import { execFileSync } from 'node:child_process'

/** A part of the machine behind cables that can be cut: a network namespace (needs root). */
export interface Namespace {
  /** What runs a program inside. */
  readonly words: readonly string[]
  /** The ends of the cable that is cut, inside and outside. */
  readonly inside: string
  readonly outside: string
  /** Inside, at the end of a cable that is never cut. */
  readonly lasting: string
  /** No packet comes through any more, and nobody is told. */
  cut(): void
  join(): void
  remove(): void
}

let serial = 0

export function makeNamespace(): Namespace {
  const name = `lk${process.pid}x${serial++}`
  const network = `10.${process.pid % 256}.${serial}`
  const ip = (...words: string[]) =>
    execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] })
  const addresses = {
    outside: `${network}.1`,
    inside: `${network}.2`,
    beside: `${network}.5`,
    lasting: `${network}.6`,
  }
  const lay = (cable: string, outer: string, inner: string) => {
    const end = `${name}${cable}`
    ip('link', 'add', end, 'type', 'veth', 'peer', 'name', cable, 'netns', name)
    ip('addr', 'add', `${outer}/30`, 'dev', end)
    ip('-n', name, 'addr', 'add', `${inner}/30`, 'dev', cable)
    ip('link', 'set', 'dev', end, 'up')
    ip('-n', name, 'link', 'set', 'dev', cable, 'up')
  }
  ip('netns', 'add', name)
  ip('-n', name, 'link', 'set', 'dev', 'lo', 'up')
  lay('cut', addresses.outside, addresses.inside)
  lay('last', addresses.beside, addresses.lasting)
  return {
    ...addresses,
    words: ['ip', 'netns', 'exec', name],
    cut: () => void ip('-n', name, 'link', 'set', 'dev', 'cut', 'down'),
    join: () => void ip('-n', name, 'link', 'set', 'dev', 'cut', 'up'),
    remove: () => void ip('netns', 'del', name),
  }
}
