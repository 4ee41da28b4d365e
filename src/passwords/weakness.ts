/** The least that OWASP's Password Storage Cheat Sheet asks for, by the first word of a cost. */
const least: Readonly<Record<string, { readonly work: number; readonly of: readonly string[] }>> = {
  argon2id: { work: 35_840, of: ['m', 't'] },
  argon2i: { work: 35_840, of: ['m', 't'] },
  argon2d: { work: 35_840, of: ['m', 't'] },
  bcrypt: { work: 10, of: ['cost'] },
  scrypt: { work: 655_360, of: ['N', 'r', 'p'] },
  'pbkdf2-sha1': { work: 1_300_000, of: ['iterations'] },
  'pbkdf2-sha256': { work: 600_000, of: ['iterations'] },
  'pbkdf2-sha512': { work: 210_000, of: ['iterations'] },
  // Not in the sheet: the same digests in loops of other shapes.
  'sha256-crypt': { work: 600_000, of: ['rounds'] },
  'sha512-crypt': { work: 210_000, of: ['rounds'] },
  'portable-sha512': { work: 210_000, of: ['rounds'] },
  'firebase-scrypt': { work: 81_920, of: ['N'] },
}

/**
 * Why a cost (StoredHash.cost) is too little today; undefined when it is not, or when nothing is
 * known about it.
 */
export function weaknessOf(cost: string): string | undefined {
  const [name = '', ...words] = cost.split(' ')
  if (words[0] === 'once') return 'one fast digest, guessed at billions a second'
  if (/^(?:md5-crypt|portable-md5)$/.test(name)) return 'MD5 in a short loop'
  const rule = least[name]
  if (rule === undefined) return undefined
  const given = new Map(words.map((word) => word.split('=') as [string, string]))
  const work = rule.of.reduce((product, parameter) => product * Number(given.get(parameter)), 1)
  if (!(work < rule.work)) return undefined
  return `${rule.of.join('×')} is ${work}; OWASP asks for ${rule.work}`
}
