import type { Config } from '../../config/schema.ts'
import type { Algorithm } from '../../keys/algorithms.ts'
import { jwksCached } from '../../keys/lifecycle.ts'

/** `3d 4h`, `5m`: two units at most, rounded down. */
export function span(milliseconds: number): string {
  let rest = Math.max(0, Math.floor(milliseconds / 1000))
  const parts: string[] = []
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(rest / seconds)
    rest -= count * seconds
    if (count > 0) parts.push(`${count}${unit}`)
  }
  return parts.slice(0, 2).join(' ') || '0s'
}

export const time = (milliseconds: number): string => new Date(milliseconds).toISOString()

export const cacheable = span(jwksCached * 1000)

/** Whose JWTs a key of the algorithm signs. */
export function audiences({ apis }: Pick<Config, 'apis'>, algorithm: Algorithm): string {
  const named = apis.filter((api) => api.algorithm === algorithm && api.format === 'jwt')
  return named.map(({ audience }) => audience).join(', ') || 'no API'
}

export const tokens = (count: number | undefined): string =>
  count === undefined ? 'unknown' : count.toLocaleString('en')
