import type { Ring } from './ring.ts'

/** Where a ring is kept. Any number of processes may share it. */
export interface RingHome {
  /** In words, for the operator. */
  readonly place: string
  /** Whether what is kept here can be seen by others than this machine's operator, so that it must be sealed. */
  readonly exposed: boolean
  /** Makes room for a ring. Throws KeyFault where nobody should keep one. */
  prepare(): Promise<void>
  /** Undefined before there is one. Throws KeyFault when it cannot be trusted, or StateUnavailable. */
  read(): Promise<Ring | undefined>
  /** Puts `ring` in the place of version `expected`, 0 for none. False when another version is there. */
  replace(expected: number, ring: Ring): Promise<boolean>
  /** Told of a change sooner than by looking, where that can be had; returns its end. */
  watch(changed: () => void): () => void
}

/** Replaces the ring by what `change` makes of it, anew when somebody else was faster; the same ring is no change. */
export async function changeRing(
  home: RingHome,
  change: (ring: Ring | undefined) => Ring | Promise<Ring>,
): Promise<Ring> {
  for (;;) {
    const found = await home.read()
    const changed = await change(found)
    if (changed === found) return changed
    if (await home.replace(found?.version ?? 0, changed)) return changed
  }
}
