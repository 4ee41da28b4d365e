import { type Finding, type Path, valueAt } from '../faults.ts'

/** Names must be unique, whatever else is wrong with those that bear them. */
export function checkNames(root: unknown): Finding[] {
  const defaultClient = valueAt(root, ['defaultClient'])
  const ids = namesOf(root, 'clients', 'id')
  return [
    ...repeated(root, 'clients', 'id', 'another client has this id: give each one its own'),
    ...repeated(root, 'apis', 'audience', 'this audience stands above already: merge the two APIs'),
    ...repeated(root, 'users', 'name', 'another directory has this name: give each its own'),
    ...(typeof defaultClient === 'string' && !ids.includes(defaultClient)
      ? [{ path: ['defaultClient'], message: 'no client has this id: name one of `clients`' }]
      : []),
  ]
}

/** The texts that stand under one option of a list, undefined where there is none. */
export function namesOf(root: unknown, list: string, option: string): (string | undefined)[] {
  const entries = valueAt(root, [list])
  return (Array.isArray(entries) ? entries : []).map((entry) => {
    const name = valueAt(entry, [option])
    return typeof name === 'string' ? name : undefined
  })
}

function repeated(root: unknown, list: string, option: string, message: string): Finding[] {
  const names = namesOf(root, list, option)
  return names.flatMap((name, index) => {
    const path: Path = [list, index, option]
    return name !== undefined && names.indexOf(name) < index ? [{ path, message }] : []
  })
}
