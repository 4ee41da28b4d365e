export interface Challenge {
  /** Lower case. */
  readonly scheme: string
  readonly parameters: Readonly<Record<string, string>>
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const quoted = '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e])*"'
const parameter = new RegExp(`^(${token})[ \\t]*=[ \\t]*(${token}|${quoted})[ \\t]*(?:,[ \\t]*|$)`)
const start = new RegExp(`^(${token}) +`)

/**
 * The challenges of a WWW-Authenticate field by the grammar of RFC 9110 section 11.6.1. Throws on
 * anything else, on a challenge without parameters, and on a parameter given twice.
 */
export function readChallenges(header: string | null | undefined): Challenge[] {
  const challenges: Challenge[] = []
  let rest = header ?? ''
  do {
    const [match, scheme] = start.exec(rest) ?? []
    if (match === undefined || scheme === undefined) throw new Error(`no challenge: ${rest}`)
    rest = rest.slice(match.length)
    const parameters: Record<string, string> = {}
    for (let found = parameter.exec(rest); found; found = parameter.exec(rest)) {
      const [whole, name = '', value = ''] = found
      const key = name.toLowerCase()
      if (key in parameters) throw new Error(`${key} is given twice: ${header}`)
      parameters[key] = value.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1')
      rest = rest.slice(whole.length)
    }
    if (Object.keys(parameters).length === 0) throw new Error(`no parameters: ${header}`)
    challenges.push({ scheme: scheme.toLowerCase(), parameters })
  } while (rest !== '')
  return challenges
}
