import type { Algorithm } from '../keys/algorithms.ts'
import type { Config } from './schema.ts'

/** Bytes of an `Authorization` field with a token of few claims (docs/algorithms.md). */
const fieldSize: Partial<Readonly<Record<Algorithm, number>>> = {
  'ML-DSA-44': 3760,
  'ML-DSA-65': 4950,
}

/** What is allowed and may yet not be meant: one line each. */
export function warnings({ apis, clients }: Pick<Config, 'apis' | 'clients'>): string[] {
  const named = [
    ...apis.map(({ audience, algorithm }) => ({ name: audience, algorithm })),
    ...clients.map(({ id, algorithm }) => ({ name: id, algorithm })),
  ]
  return named.flatMap(({ name, algorithm }) => {
    const size = algorithm && fieldSize[algorithm]
    if (size === undefined) return []
    return `${name}: tokens by ${algorithm} make an Authorization field of ${size} bytes and more. A cookie or uWSGI takes 4096, nginx, Apache and Tomcat 8 KiB unless told otherwise: see docs/algorithms.md`
  })
}
