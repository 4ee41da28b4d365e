import type { Result } from './result.ts'
import type { Spread } from './statistics.ts'

/** The whole result as text: medians, and in brackets the least and the most of the rounds. */
export function table({
  endpoints = {},
  passwords = {},
  starts = {},
  rounds,
  seconds,
}: Partial<Result>): string {
  return [
    `${rounds} rounds of ${seconds} s, servers taking turns; medians [least–most]`,
    '',
    line(
      'endpoint',
      'server',
      'CPU µs a request',
      'Latchkey / it',
      'requests/s',
      'p50 ms',
      'p99 ms',
    ),
    ...Object.entries(endpoints).flatMap(([endpoint, servers]) =>
      Object.entries(servers).map(([server, { cpu, ratio, rate, p50, p99 }]) =>
        line(endpoint, server, all(cpu, 0), all(ratio, 2), all(rate, 0), all(p50, 2), all(p99, 1)),
      ),
    ),
    '',
    line('password', 'server', 'CPU ms a login', '', 'logins/s'),
    ...Object.entries(passwords).flatMap(([parameters, servers]) =>
      Object.entries(servers).map(([server, { cpu, rate }]) =>
        line(parameters, server, all(cpu, 1), '', all(rate, 1)),
      ),
    ),
    '',
    line('start', 'server', 'ms to ready', '', 'idle MB'),
    ...Object.entries(starts).map(([server, { ready, memory }]) =>
      line('', server, all(ready, 0), '', all(memory, 0)),
    ),
  ].join('\n')
}

const widths = [20, 38, 22, 20, 22, 20, 20]

const line = (...cells: readonly string[]): string =>
  cells
    .map((cell, at) => cell.padEnd(widths[at] ?? 0))
    .join(' ')
    .trimEnd()

const all = (figures: Spread | undefined, digits: number): string =>
  figures === undefined
    ? ''
    : `${figures.median.toFixed(digits)} [${figures.min.toFixed(digits)}–${figures.max.toFixed(digits)}]`
