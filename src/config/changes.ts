import { type Path, writePath } from './faults.ts'
import type { Config } from './schema.ts'

/** Options of the listeners and of the process, which a reload does not touch. */
const atStart = [
  'listen',
  'metrics',
  'development',
  'log.pretty',
  'http.headersTimeout',
  'http.requestTimeout',
  'http.unreadTimeout',
  'http.keepAliveTimeout',
  'http.headersLimit',
]

/** The options in which two configurations differ, by path; a list of another length is named as one. Never a value. */
export const changedOptions = (one: Config, other: Config): string[] =>
  differences(one, other, []).map(writePath)

/** Those among the differences that only a start takes up, by path. */
export const fixedOptions = (running: Config, next: Config): string[] => [
  ...changedOptions(running, next).filter((path) =>
    atStart.some((option) => path === option || path.startsWith(`${option}.`)),
  ),
  // A listener speaks TLS or not, and asks for certificates or not, from its start.
  ...(given(running.tls) === given(next.tls) ? [] : ['tls']),
  ...(given(running.tls?.clientCa) === given(next.tls?.clientCa) ? [] : ['tls.clientCa']),
]

const given = (value: unknown) => value !== undefined

function differences(one: unknown, other: unknown, path: Path): Path[] {
  if (Object.is(one, other)) return []
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length
      ? one.flatMap((entry, index) => differences(entry, other[index], [...path, index]))
      : [path]
  if (!isSection(one) || !isSection(other)) return [path]
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].flatMap((name) => differences(one[name], other[name], [...path, name]))
}

const isSection = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
