/** Somebody tries a password for an account, from an address. */
export interface Try {
  readonly account: string
  readonly address: string
}

/** One way of guessing at many passwords, and the users who log in meanwhile. */
export interface Scenario {
  readonly name: string
  readonly guesses: readonly Try[]
  /** Real users, where they are at home. */
  readonly users: readonly Try[]
  /** Which limits bound the guesses, each so many times over. */
  readonly bound: { readonly by: 'account' | 'address' | 'client'; readonly times: number }
}

const list = <T>(count: number, item: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => item(index))
const account = (index: number) => `user-${index}`
/** Each in a network of its own. */
const attacker = (index: number) => `10.${index >> 8}.${index & 255}.66`
const home = (index: number) => `172.16.${index}.10`
const athome = (count: number): Try[] =>
  list(count, (index) => ({ account: account(index), address: home(index) }))

/** Guesses that come from where the user is at home: they count against the user's own limit there. */
export const fromWithin = ({ guesses, users }: Scenario): number =>
  guesses.filter((guess) =>
    users.some((user) => user.account === guess.account && user.address === guess.address),
  ).length

/** Of so many guesses each; `user-0` up to `user-<size - 1>` have to be there. */
export function scenarios(size: number): Scenario[] {
  const nat = '203.0.113.5'
  const few = Math.ceil(size / 25)
  return [
    {
      name: `1 account, ${size} addresses`,
      guesses: list(size, (index) => ({ account: account(0), address: attacker(index) })),
      users: athome(8),
      bound: { by: 'account', times: 1 },
    },
    {
      name: `${size} accounts, 1 address`,
      guesses: list(size, (index) => ({ account: account(index), address: nat })),
      // Four of them share the attacker's address.
      users: athome(8).map((user, index) => (index < 4 ? { ...user, address: nat } : user)),
      bound: { by: 'address', times: 1 },
    },
    {
      name: `low and slow: ${few} accounts, ${size} addresses`,
      guesses: list(size, (index) => ({
        account: account(index % few),
        address: attacker(index),
      })),
      users: athome(8),
      bound: { by: 'account', times: few },
    },
    {
      name: `${size} accounts, ${size} addresses`,
      guesses: list(size, (index) => ({ account: account(index), address: attacker(index) })),
      users: athome(8),
      bound: { by: 'client', times: 1 },
    },
  ]
}
