/** SQLSTATE class 22 (PostgreSQL); a text that the column's character set cannot hold (MySQL). */
export function isDataError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('errno' in error && [1267, 1270, 1271, 3854].includes(Number(error.errno))) return true
  return 'code' in error && /^22...$/.test(String(error.code))
}

/** PostgreSQL 42501, 25006; MySQL 1142, 1143, 1290, 1792; SQLite READONLY. */
export function isDenied(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('errcode' in error && error.errcode === 8) return true
  if ('errno' in error && [1142, 1143, 1290, 1792].includes(Number(error.errno))) return true
  return 'code' in error && ['42501', '25006'].includes(String(error.code))
}
