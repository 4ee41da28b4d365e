import { caps } from './caps.ts'

/** The byte strings a password may stand for: as sent, then NFC where that differs; none when too long. */
export function spellings(password: string): Buffer[] {
  if (Buffer.byteLength(password) > caps.password) return []
  const composed = password.normalize('NFC')
  return (composed === password ? [password] : [password, composed]).map((form) =>
    Buffer.from(form),
  )
}
