import { readdirSync, readFileSync } from 'node:fs'

/** What a running process costs, as Linux tells it (proc(5)). Works for whatever is measured, in any language. */

/** CPU time used so far, user and system, in microseconds; told in steps of 10 ms. */
export function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name, in parentheses, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

/** Resident memory, in bytes. */
export function memoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
}

export const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`

/** Open files, sockets and pipes. */
export const handlesOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length

/** The processes that it started and that still run. */
export const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
