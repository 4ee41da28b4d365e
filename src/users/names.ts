/** A login name longer than the longest e-mail address (RFC 5321 section 4.5.3.1) belongs to nobody. */
const longest = 320

/**
 * A login name in NFC, or undefined when no user can have it: empty, too long, with a control
 * character (PostgreSQL refuses NUL inside text) or half a surrogate pair.
 */
export function readLogin(login: string): string | undefined {
  if (login === '' || login.length > longest || /\p{Cc}/u.test(login)) return undefined
  return login.isWellFormed() ? login.normalize('NFC') : undefined
}

/** Lower case, in NFC: what names have in common when case is ignored. Accents stay. */
export const foldCase = (name: string): string =>
  name.normalize('NFC').toLowerCase().normalize('NFC')

/** Whether a stored name is the one that was typed: the same code points after NFC. */
export function sameName(stored: string, login: string, ignoreCase: boolean): boolean {
  return ignoreCase
    ? foldCase(stored) === foldCase(login)
    : stored.normalize('NFC') === login.normalize('NFC')
}

/**
 * What all spellings of a name have in common that some directory might take for one: case, width
 * and other compatibility forms, spaces, and what cannot be seen. For counting, never for looking up.
 */
export const canonicalName = (name: string): string =>
  foldCase(name.normalize('NFKC'))
    .normalize('NFKC')
    .replace(/[\s\p{C}]/gu, '')
