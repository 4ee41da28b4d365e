import type { NewFamily, Rotation } from '../../src/state/state.ts'

let serial = 0
/** A name that no other test has used. */
export const fresh = (kind: string) => `${kind}-${process.pid}-${++serial}`

export const login = (changes: Partial<NewFamily> = {}): NewFamily => ({
  id: fresh('family'),
  clientId: 'web',
  sub: fresh('user'),
  username: 'johndoe',
  scope: 'read write',
  audience: 'https://api.example.com',
  amr: ['pwd'],
  authTime: 1_795_000_000,
  idle: 600,
  absolute: 3600,
  ...changes,
})

export const rotation = (
  family: string,
  presented: number,
  changes: Partial<Rotation> = {},
): Rotation => ({
  family,
  presented,
  grace: 10,
  idle: 600,
  nonce: fresh('nonce'),
  ...changes,
})

/** Names that would end a key, a statement, a hash tag or a line early in a careless store. */
export const awkward = [
  '',
  ' ',
  'a:b',
  "x'; DROP TABLE family; --",
  '{tag}',
  '}{',
  'line\nbreak\r\n',
  'null\0byte',
  '%3A',
  '*',
  'ünï\u{1f511}',
  '__proto__',
]
