import type { Directory, DirectoryLog } from './directory.ts'
import { type EmbeddedOptions, embeddedTable, openEmbeddedDirectory } from './embedded.ts'
import { type HttpOptions, openHttpDirectory } from './http.ts'
import { type LdapOptions, openLdapDirectory } from './ldap.ts'
import { severalDirectories } from './several.ts'
import { openSqlDirectory, type SqlOptions } from './sql.ts'

export { AmbiguousUser, type Directory, DirectoryUnavailable, type User } from './directory.ts'

/** `type` says which directory; a new kind is one file and one line here. */
export type DirectoryOptions = { readonly subjectPrefix: string } & (
  | ({ readonly type: 'embedded' } & EmbeddedOptions)
  | ({ readonly type: 'sql' } & SqlOptions)
  | ({ readonly type: 'ldap' } & LdapOptions)
  | ({ readonly type: 'http' } & HttpOptions)
)

function open(options: DirectoryOptions, log?: DirectoryLog): Directory {
  switch (options.type) {
    case 'embedded':
      return openEmbeddedDirectory(options, log)
    case 'sql':
      return openSqlDirectory(options, log)
    case 'ldap':
      return openLdapDirectory(options)
    case 'http':
      return openHttpDirectory(options)
  }
}

/** One directory as it is, without a prefix, and never to be written to or made: for inspection. */
export function openForReading(options: DirectoryOptions): Directory {
  if (options.type === 'embedded') return openSqlDirectory(embeddedTable(options))
  return options.type === 'sql' ? openSqlDirectory({ ...options, rehash: false }) : open(options)
}

/**
 * The directories of the configuration, in order, as one. Nothing is connected before the first
 * request; `check` says whether all of them answer.
 */
export function openDirectories(
  options: readonly DirectoryOptions[],
  log?: DirectoryLog,
): Directory {
  const places = options.map((one) => ({
    directory: open(one, log),
    subjectPrefix: one.subjectPrefix,
  }))
  const [only, ...more] = places
  return only && more.length === 0 && only.subjectPrefix === ''
    ? only.directory
    : severalDirectories(places, log)
}
