// The odd primes of the smallest product that the flawed generator used, for 512-bit keys; larger keys use a multiple.
const primes = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101,
  103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
]

/** The residues that powers of 65537 take modulo a prime. */
function powers(prime: number): ReadonlySet<number> {
  const residues = new Set<number>()
  for (let power = 1; !residues.has(power); power = (power * 65537) % prime) residues.add(power)
  return residues
}

const fingerprint = primes.map((prime) => ({ prime: BigInt(prime), residues: powers(prime) }))

/**
 * Whether an RSA modulus bears the mark of CVE-2017-15361 (ROCA): its factors are powers of 65537 modulo many small
 * primes, and so is their product. A sound key passes every one of these tests by chance once in about 2^150.
 */
export function hasRocaFingerprint(modulus: bigint): boolean {
  return fingerprint.every(({ prime, residues }) => residues.has(Number(modulus % prime)))
}
