import type { WriteStream } from 'node:tty'

export interface Progress {
  /** So many rows are done. */
  at(rows: number): void
  /** Takes the bar away. */
  end(): void
}

const width = 30
/** Milliseconds: nothing is shown of what is done sooner, and then no oftener than this. */
const pause = 200

/** A bar on the terminal of an operator who waits; nothing anywhere else. `total` is undefined when nobody knows. */
export function createProgress(
  stream: Pick<WriteStream, 'isTTY' | 'write'>,
  total: number | undefined,
): Progress {
  if (!stream.isTTY) return { at() {}, end() {} }
  let shown = false
  let next = performance.now() + pause
  return {
    at(rows) {
      if (performance.now() < next) return
      next = performance.now() + pause
      shown = true
      stream.write(`\r\x1b[K${line(rows, total)}`)
    },
    end() {
      if (shown) stream.write('\r\x1b[K')
    },
  }
}

function line(rows: number, total: number | undefined): string {
  const count = rows.toLocaleString('en')
  if (!total) return `${count} rows`
  const share = Math.min(1, rows / total)
  const done = Math.floor(share * width)
  const bar = '#'.repeat(done) + '.'.repeat(width - done)
  return `[${bar}] ${Math.floor(share * 100)} %  ${count} of ${total.toLocaleString('en')} rows`
}
