import { closeSync, openSync } from 'node:fs'

/** Connections beyond which the pause that this makes would be the larger one. */
const most = 4096
/** Milliseconds after the start: the first answers are given by then, and it takes 30 to 60 at once. */
const delay = 200

/**
 * Has the kernel make room for so many connections in the table of this process's open files. It doubles that table when
 * it is full, and whoever needed the room, be it to take a connection, stands still until all processors have looked up
 * (expand_fdtable and synchronize_rcu in Linux' fs/file.c): 10 to 30 ms, five times while the first two thousand come.
 */
export function makeRoomFor(connections: number): void {
  setTimeout(() => {
    const opened: number[] = []
    try {
      const last = 2 ** Math.floor(Math.log2(Math.min(connections, most)))
      do opened.push(openSync('/dev/null', 'r'))
      while ((opened.at(-1) ?? last) < last)
    } catch {
      // There may not be more (RLIMIT_NOFILE): then the table is as large as it can be.
    } finally {
      for (const file of opened) closeSync(file)
    }
  }, delay).unref()
}
