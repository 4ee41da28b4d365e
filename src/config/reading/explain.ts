import type * as z from 'zod'
import { type Finding, type Path, valueAt } from '../faults.ts'
import { nearest } from './nearest.ts'
import { alternatives, optionsAt } from './options.ts'

type Issue = z.core.$ZodIssue

/** Says in the operator's words what the schema has against the configuration `root`. */
export function explain(issue: Issue, root: unknown, above: Path = []): Finding[] {
  const path = [...above, ...pathOf(issue)]
  const say = (message: string): Finding[] => [{ path, message }]
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: `unknown option \`${key}\`${instead(key, namesAt(path, root))}`,
      }))
    case 'invalid_type':
      return say(mistyped(path, root, [issue.expected]))
    case 'invalid_value':
      return say(misnamed(path, root, issue.values))
    case 'invalid_union':
      return explainUnion(issue, path, root)
    case 'too_small':
      return say(`at least ${issue.minimum} ${unit(issue.origin, issue.minimum)}`.trim())
    case 'too_big':
      return say(`at most ${issue.maximum} ${unit(issue.origin, issue.maximum)}`.trim())
    case 'invalid_key':
      return issue.issues.flatMap(({ message }) => say(message))
    default:
      return say(issue.message)
  }
}

/** Paths of what is no option; the rest around it can still be judged. */
export const unknownOptions = (issues: readonly Issue[]): Path[] =>
  issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...pathOf(issue), key]) : [],
  )

const pathOf = ({ path }: Issue): Path => path.map((step) => (typeof step === 'symbol' ? '' : step))

/** Of several shapes the one that was meant is the one that fits best. */
function explainUnion(issue: z.core.$ZodIssueInvalidUnion, path: Path, root: unknown): Finding[] {
  if ('options' in issue && issue.options)
    return [{ path, message: misnamed(path, root, issue.options) }]
  if (issue.message !== 'Invalid input') return [{ path, message: issue.message }]
  const wrongType = (issues: Issue[]) =>
    issues.find(({ code, path }) => code === 'invalid_type' && path.length === 0)
  const [best] = issue.errors
    .filter((issues) => !wrongType(issues))
    .sort((one, other) => one.length - other.length)
  if (best) return best.flatMap((inner) => explain(inner, root, path))
  const expected = issue.errors
    .map(wrongType)
    .flatMap((i) => (i?.code === 'invalid_type' ? i.expected : []))
  return [{ path, message: mistyped(path, root, expected) }]
}

function mistyped(path: Path, root: unknown, expected: readonly string[]): string {
  const value = valueAt(root, path)
  const description = optionsAt(path, root).find((option) => option.description)?.description
  const wanted = expected.map((type) => called[type] ?? type).join(' or ')
  const purpose = description ? `. ${description}` : ''
  if (value === undefined) return `missing: write ${wanted}${purpose}`
  if (value === null) return `empty: write ${wanted}, or leave the option out${purpose}`
  const found = Array.isArray(value) ? 'array' : typeof value
  const plain = expected.includes('string') && ['number', 'boolean'].includes(found)
  return `write ${wanted}${plain ? ' (put it in quotes)' : `, not ${called[found] ?? found}`}`
}

function misnamed(path: Path, root: unknown, values: readonly unknown[]): string {
  const names = values.map(String)
  const value = valueAt(root, path)
  const guess = typeof value === 'string' ? nearest(value, names) : undefined
  const list = `one of ${names.map((name) => `\`${name}\``).join(', ')}`
  if (value === undefined) return `missing: write ${list}`
  return guess ? `did you mean \`${guess}\`? Write ${list}` : `write ${list}`
}

function instead(key: string, known: readonly string[]): string {
  const guess = nearest(key, known)
  if (guess) return `: did you mean \`${guess}\`?`
  return known.length
    ? `: the options here are ${known.map((name) => `\`${name}\``).join(', ')}`
    : ''
}

const namesAt = (path: Path, root: unknown) =>
  optionsAt(path, root)
    .flatMap((option) => alternatives(option, valueAt(root, path)))
    .flatMap(({ properties }) => Object.keys(properties ?? {}))

const called: Partial<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  object: 'a mapping of options',
  record: 'a mapping',
  string: 'a text',
}

function unit(origin: string, count: number | bigint): string {
  const word = { string: 'character', array: 'entry' }[origin]
  if (!word || count === 1) return word ?? ''
  return word === 'entry' ? 'entries' : `${word}s`
}
