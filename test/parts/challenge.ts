export interface Challenge {
  /** Lower case. */
  readonly scheme: string
  readonly parameters: Readonly<Record<string, string>>
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const quoted = '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e])*"'
const parameter = new RegExp(`^(${token})[ \\t]*=[ \\t]*(${token}|${quoted})[ \\t]*(?:,[ \\t]*|$)`)

/** One challenge by the grammar of RFC 9110 section 11.6.1. Throws on anything else, and on a parameter given twice. */
export function readChallenge(header: string | null | undefined): Challenge {
  const [start, scheme] = new RegExp(`^(${token}) +`).exec(header ?? '') ?? []
  if (start === undefined || scheme === undefined) throw new Error(`no challenge: ${header}`)
  const parameters: Record<string, string> = {}
  let rest = (header ?? '').slice(start.length)
  while (rest !== '') {
    const [match, name = '', value = ''] = parameter.exec(rest) ?? []
    if (match === undefined) throw new Error(`not a parameter of a challenge: ${rest}`)
    const key = name.toLowerCase()
    if (key in parameters) throw new Error(`${key} is given twice: ${header}`)
    parameters[key] = value.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1')
    rest = rest.slice(match.length)
  }
  return { scheme: scheme.toLowerCase(), parameters }
}
