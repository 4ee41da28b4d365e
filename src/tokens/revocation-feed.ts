import { hash } from 'node:crypto'
import type { Algorithm } from '../keys/algorithms.ts'
import { signingKey } from '../keys/current.ts'
import type { KeySet } from '../keys/key-set.ts'
import type { Revocation, RevocationPage, State } from '../state/state.ts'
import { watchLog } from './log-watch.ts'

export interface FeedParts {
  readonly state: State
  readonly issuer: string
  readonly keys: () => KeySet
  readonly algorithm: Algorithm
  /** Seconds for which the log keeps an entry. */
  readonly retention: number
}

export interface RevocationFeed {
  /**
   * What followed `after`, or all that is kept, as a signed JWT (ADR 0007). Waits for news for at most
   * `wait` seconds where there are none. @throws StateUnavailable
   */
  read(after: string, wait: number, gone: AbortSignal): Promise<string>
  readonly load: () => { readonly waiting: number }
  /** Answers everybody who waits, and lets nobody wait any more. */
  close(): void
}

/** Entries in one answer: at most 65 bytes each. */
const pageSize = 5000
/** Requests that may wait at once; the next is answered without waiting. */
const mostWaiting = 1000
/** Answers kept, and the milliseconds for which one is given again. */
const [kept, fresh] = [32, 1000]
/** Seconds after which an answer is no answer: what may be held back on the way. */
const validity = 30

interface Answer {
  readonly end: string
  readonly at: number
  readonly jwt: Promise<string>
}

/** What every server process tells of the log, whoever wrote it. Each distinct answer is read and signed once. */
export function createRevocationFeed(parts: FeedParts): RevocationFeed {
  const { state, issuer, keys, algorithm, retention } = parts
  const watch = watchLog(state)
  const answers = new Map<string, Answer>()

  const readPage = async (after: string, end: string) => {
    const nothing: RevocationPage = { gone: false, entries: [], complete: true }
    const page = after === end ? nothing : await state.revocationsAfter(after, pageSize)
    if (!page.gone) return { after, ...page }
    const whole = await state.revocationsAfter('', pageSize)
    return { after: '', ...(whole.gone ? nothing : whole) }
  }

  const sign = async (from: string, end: string): Promise<string> => {
    const { after, entries, complete } = await readPage(from, end)
    const key = signingKey(keys(), algorithm)
    // Who asks may know a later end, from another process.
    const position = entries.at(-1)?.position ?? (after || end)
    const iat = Math.floor(Date.now() / 1000)
    const input = [
      { alg: key.algorithm, kid: key.kid, typ: 'revocations+jwt' },
      {
        iss: issuer,
        iat,
        exp: iat + validity,
        after,
        position,
        complete,
        retention,
        entries: entries.map(({ kind, target, at }) => [kind, nameOf(kind, target), at]),
      },
    ]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    const signature = await key.sign(Buffer.from(input))
    return `${input}.${signature.toString('base64url')}`
  }

  const answer = (after: string, end: string): Promise<string> => {
    const known = answers.get(after)
    if (known?.end === end && performance.now() - known.at < fresh) return known.jwt
    answers.delete(after)
    const jwt = sign(after, end)
    const made = { end, at: performance.now(), jwt }
    answers.set(after, made)
    jwt.catch(() => {
      // A failure is no answer to give again.
      if (answers.get(after) === made) answers.delete(after)
    })
    const [oldest] = answers.keys()
    if (answers.size > kept && oldest !== undefined) answers.delete(oldest)
    return jwt
  }

  return {
    async read(after, wait, gone) {
      const { end } = await watch.now()
      if (after !== end || wait <= 0 || watch.waiting() >= mostWaiting) return answer(after, end)
      await watch.moved(end, wait, gone)
      return answer(after, (await watch.now()).end)
    },
    load: () => ({ waiting: watch.waiting() }),
    close: watch.close,
  }
}

/**
 * Ids of tokens and families are random, and cost an API no hash for each token. What is named after
 * somebody is told to those alone who know the name already.
 */
const nameOf = (kind: Revocation['kind'], target: string): string =>
  kind === 'token' || kind === 'family' || kind === 'everything'
    ? target
    : hash('sha256', target, 'base64url')
