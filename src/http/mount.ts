/** RFC 8414 section 3.1 puts the well-known part before the issuer's path, OpenID Connect Discovery behind it. */
const wellKnown = /^\/\.well-known\/(oauth-authorization-server|openid-configuration)$/

/** Every path at which a path below the issuer is found. */
export function placesOf(issuer: string, path: string): string[] {
  const prefix = prefixOf(issuer)
  const below = prefix + path
  return prefix !== '' && wellKnown.test(path) ? [below, path + prefix] : [below]
}

const prefixOf = (issuer: string) => new URL(issuer).pathname.replace(/\/$/, '')

/**
 * Where a path is below an issuer that has a path itself; undefined for what is not below it, and so not here. Health is
 * asked by the machine that runs us, wherever the issuer is.
 */
export function placeUnder(issuer: string): (path: string) => string | undefined {
  const prefix = prefixOf(issuer)
  if (prefix === '') return (path) => path
  return (path) => {
    if (path.endsWith(prefix) && wellKnown.test(path.slice(0, -prefix.length))) {
      return path.slice(0, -prefix.length)
    }
    if (path.startsWith(`${prefix}/`)) return path.slice(prefix.length)
    return path === '/healthz' || path === '/readyz' ? path : undefined
  }
}
