import type { X509Certificate } from 'node:crypto'
import type { Client } from '../clients/client.ts'

type Registered = NonNullable<Client['certificate']>

/** The names of RFC 8705 section 2.1.2 for the one subject a tls_client_auth client is known by. */
export const subjectMetadata = {
  subjectDn: 'tls_client_auth_subject_dn',
  sanDns: 'tls_client_auth_san_dns',
  sanUri: 'tls_client_auth_san_uri',
  sanIp: 'tls_client_auth_san_ip',
  sanEmail: 'tls_client_auth_san_email',
} as const satisfies Record<keyof Registered, string>

/** RFC 6125 wildcards are for servers; the common name is no alternative name. */
const exactly = { subject: 'never', wildcards: false } as const

const comparisons: Readonly<
  Record<keyof Registered, (certificate: X509Certificate, expected: string) => boolean>
> = {
  subjectDn: ({ subject }, expected) => sameName(subject, expected),
  sanDns: (certificate, expected) => certificate.checkHost(expected, exactly) !== undefined,
  sanUri: ({ subjectAltName }, expected) => urisIn(subjectAltName).includes(expected),
  sanIp: (certificate, expected) => certificate.checkIP(expected) !== undefined,
  sanEmail: (certificate, expected) => certificate.checkEmail(expected, exactly) !== undefined,
}

/** Whether the certificate has the name that the client is registered with, and every name registered, if several. */
export function subjectMatches(certificate: X509Certificate, registered: Registered): boolean {
  const names = Object.entries(registered) as [keyof Registered, string | undefined][]
  const expected = names.filter(([, value]) => value !== undefined)
  return (
    expected.length > 0 &&
    expected.every(([kind, value]) => comparisons[kind](certificate, value ?? ''))
  )
}

/** Node gives one RDN a line, in the order of the certificate; RFC 4514 section 2.1 writes them from the last. */
function sameName(subject: string | undefined, expected: string): boolean {
  const own = (subject ?? '').split('\n').reverse().map(relativeName)
  const other = split(expected, ',').map(relativeName)
  return subject !== undefined && JSON.stringify(own) === JSON.stringify(other)
}

/** RFC 4514 section 2.2: the order of attributes within one RDN says nothing. */
const relativeName = (rdn: string): string[] => split(rdn, '+').map(attribute).sort()

function attribute(text: string): string {
  const equals = text.indexOf('=')
  const value = text.slice(equals + 1).replace(/^ +|(?<!\\) +$/g, '')
  return `${text.slice(0, equals).trim().toUpperCase()}=${unescapeValue(value)}`
}

/** RFC 4514 section 2.4: a backslash before a character, or before two hexadecimal digits of UTF-8. */
const unescapeValue = (value: string): string =>
  value.replace(/((?:\\[0-9A-Fa-f]{2})+)|\\(.)/gs, (_, octets?: string, character?: string) =>
    octets === undefined
      ? (character ?? '')
      : Buffer.from(octets.replaceAll('\\', ''), 'hex').toString('utf8'),
  )

/** At every separator that is not escaped. */
const split = (text: string, separator: ',' | '+'): string[] =>
  text.match(separator === ',' ? /(?:\\.|[^\\,])+/gs : /(?:\\.|[^\\+])+/gs) ?? []

/** Node writes `TYPE:value, …` and a value that could be mistaken as a JSON string. */
function urisIn(alternativeNames = ''): string[] {
  const names = alternativeNames.matchAll(/([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/gy)
  return [...names].flatMap(([, type, value = '']) =>
    type === 'URI' ? [value.startsWith('"') ? String(JSON.parse(value)) : value] : [],
  )
}
