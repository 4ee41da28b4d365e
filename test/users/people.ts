import { createPasswords } from '../../src/passwords/index.ts'
import type { Directory, User } from '../../src/users/directory.ts'

/** A person that every kind of directory is given, in its own way. */
export interface Person {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly given: string
  readonly family: string
  readonly disabled: boolean
  readonly scopes: readonly string[]
  readonly role: string
}

export const password = 'correct horse'

const person = (id: string, username: string, more: Partial<Person> = {}): Person => ({
  id,
  username,
  email: `${username}@example.com`,
  given: 'Given',
  family: 'Family',
  disabled: false,
  scopes: [],
  role: 'reader',
  ...more,
})

export const people: readonly Person[] = [
  person('9007199254740993', 'ada', {
    given: 'Ada',
    family: 'Lovelace',
    scopes: ['items:read', 'items:write'],
    role: 'author',
  }),
  person('9007199254740992', 'bob', { disabled: true }),
  person('3', 'josé', { email: 'accent@example.com' }),
  person('4', "o'brien"),
  person('5', 'a%b_c\\d'),
]

export const passwords = createPasswords({
  hash: { memory: 8192, iterations: 1, parallelism: 1 },
  allowWeak: [],
  queue: 32,
  wait: 10_000,
})

/** Whether the password is the user's, as a login asks. */
export async function mayEnter(directory: Directory, user: User, tried: string): Promise<boolean> {
  if (user.hash !== undefined) return passwords.verify(tried, user.hash)
  return (await directory.checkPassword?.(user, tried)) ?? false
}
