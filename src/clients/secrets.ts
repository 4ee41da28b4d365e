import { createHmac, hash, randomBytes, randomInt, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { createGate } from './gate.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** 43 letters and digits: 256 random bits, and nothing in it that a form, a shell or Basic would bend. */
export const generateSecret = () =>
  Array.from({ length: 43 }, () => alphabet[randomInt(alphabet.length)]).join('')

/**
 * The stored form of a secret made by generateSecret: `$sha256$SALT$DIGEST`. A slow hash protects what can
 * be guessed; 256 random bits cannot, and the hash is computed at every request of the client.
 */
export function hashSecret(secret: string): string {
  const salt = randomBytes(16)
  return `$sha256$${salt.toString('base64url')}$${sha256(salt, secret).toString('base64url')}`
}

/** The stored form of a secret that a person chose: `$scrypt$ln=14,r=8,p=1$SALT$HASH` (RFC 7914). */
export async function hashChosenSecret(secret: string): Promise<string> {
  const salt = randomBytes(16)
  const derived = await derive(secret, salt)
  return `$scrypt$ln=14,r=8,p=1$${salt.toString('base64url')}$${derived.toString('base64url')}`
}

const fast = /^\$sha256\$([\w-]{22})\$([\w-]{43})$/
const slow = /^\$scrypt\$ln=14,r=8,p=1\$([\w-]{22})\$([\w-]{43})$/

/** Whether the stored form is one of the hashes above; anything else is the secret itself. */
export const isHashedSecret = (stored: string) => fast.test(stored) || slow.test(stored)

/** Whether the stored form begins like a hash, complete or not. */
export const looksHashed = (stored: string) => /^\$(sha256|scrypt)\$/.test(stored)

/**
 * Whether one of the candidates (the same secret, read in the ways clients encode it) is one of the stored.
 * Each candidate is compared with each stored form, so that the time does not tell which one it was.
 * Throws SecretsBusy when too many slow hashes are waiting already: answer 503.
 */
export async function verifySecret(
  candidates: readonly string[],
  stored: readonly string[],
): Promise<boolean> {
  const pairs = stored.flatMap((form) => candidates.map((candidate) => ({ form, candidate })))
  const outcomes = pairs.map(({ form, candidate }) => matches(candidate, form))
  const wait = outcomes.some((outcome) => typeof outcome !== 'boolean')
  return (wait ? await Promise.all(outcomes) : outcomes).includes(true)
}

function matches(candidate: string, stored: string): boolean | Promise<boolean> {
  const [, salt, digest] = fast.exec(stored) ?? []
  if (salt && digest) return equal(sha256(bytes(salt), candidate), bytes(digest))
  if (slow.test(stored)) return matchesSlowly(candidate, stored)
  return equal(sha256(candidate), sha256(stored))
}

function matchesSlowly(candidate: string, stored: string): boolean | Promise<boolean> {
  const proof = createHmac('sha256', proofKey).update(`${stored} ${candidate}`).digest('base64')
  if (proven.delete(proof)) {
    proven.add(proof)
    return true
  }
  const underway = proving.get(proof) ?? prove(proof, candidate, stored)
  proving.set(proof, underway)
  return underway
}

async function prove(proof: string, candidate: string, stored: string): Promise<boolean> {
  const [, salt = '', derived = ''] = slow.exec(stored) ?? []
  try {
    const right = equal(await oneByOne(() => derive(candidate, bytes(salt))), bytes(derived))
    if (right) remember(proof)
    return right
  } finally {
    proving.delete(proof)
  }
}

/** What is being computed, so that parallel requests of one client share the work. */
const proving = new Map<string, Promise<boolean>>()

/** What was right lately, so that a client pays once and not with every request; the latest come last. */
const proven = new Set<string>()
const maximumProven = 1024
const proofKey = randomBytes(32)

function remember(proof: string) {
  proven.add(proof)
  const [oldest] = proven
  if (proven.size > maximumProven && oldest) proven.delete(oldest)
}

/** One at a time: wrong secrets must not take libuv's pool from password hashes (design D7). */
const oneByOne = createGate(32)

const scryptHash = promisify<string, Buffer, number, { N: number; r: number; p: number }, Buffer>(
  scrypt,
)
const derive = (secret: string, salt: Buffer) =>
  scryptHash(secret, salt, 32, { N: 16_384, r: 8, p: 1 })

const bytes = (base64url: string) => Buffer.from(base64url, 'base64url')
const sha256 = (...parts: readonly (string | Buffer)[]) =>
  hash('sha256', Buffer.concat(parts.map((part) => Buffer.from(part))), 'buffer')
const equal = (one: Buffer, other: Buffer) =>
  one.length === other.length && timingSafeEqual(one, other)
