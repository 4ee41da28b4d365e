/** Shorter values, such as the tutorial's `secret`, are words that a log may well say. */
const shortest = 12
/** Enough for a spec, and quick for a fuzzer. */
const most = 300

/** Parameters and members whose values are nobody's business. */
const secretNames = [
  'password',
  'client_secret',
  'client_assertion',
  'refresh_token',
  'access_token',
  'token',
]

/** The stored forms of passwords and client secrets. */
const hashes = /\$(argon2(id|i|d)|2[aby]|scrypt|sha256)\$/

/** Remembers the secrets that went over the wire, and looks for them in a log. */
export function createCanary() {
  const seen = new Set<string>()
  const remember = (value: unknown) => {
    if (typeof value === 'string' && value.length >= shortest && seen.size < most) seen.add(value)
  }
  return {
    remember,
    sent(form: URLSearchParams, basic: string | undefined) {
      for (const name of secretNames) for (const value of form.getAll(name)) remember(value)
      if (basic !== undefined) remember(basic.slice(basic.indexOf(':') + 1))
    },
    answered(members: Readonly<Record<string, unknown>>) {
      for (const name of secretNames) remember(members[name])
    },
    /** The lines that hold a secret or a hash. */
    found: (lines: readonly string[]): string[] =>
      lines.filter((line) => hashes.test(line) || [...seen].some((value) => line.includes(value))),
  }
}
