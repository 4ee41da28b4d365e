/**
 * Why this server cannot be trusted to keep a revocation, read from its INFO; undefined if it can.
 * INFO and not CONFIG, because managed services and careful access lists forbid the latter.
 */
export function unsafety(info: string): string | undefined {
  const field = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1]

  const policy = field('maxmemory_policy')
  if (policy !== 'noeviction') {
    return `it may evict keys (maxmemory-policy is ${policy ?? 'not shown by INFO'}), which signs users out at random and revives revoked tokens: run CONFIG SET maxmemory-policy noeviction and put it into its configuration file`
  }
  if (field('aof_enabled') !== '1') {
    return 'it keeps no append-only file, so a crash brings revoked tokens back: run CONFIG SET appendonly yes and put it into its configuration file, with appendfsync always'
  }
  if ((field('aof_last_write_status') ?? 'ok') !== 'ok') {
    return 'it could not write its append-only file: look at its disk and its log'
  }
  return undefined
}
