import { loadConfig } from '../config/load.ts'

export interface UserOptions {
  readonly config: string
  readonly directory?: string
  readonly json?: true
}

/** The embedded directory that a command means. Throws Error when there is none, or more than one. */
export function userTable({ config: file, directory }: UserOptions) {
  const config = loadConfig(file)
  const embedded = config.users.filter((one) => one.type === 'embedded')
  const named = embedded.filter(({ name }) => directory === undefined || name === directory)
  const [only, second] = named
  if (!only) {
    throw new Error(
      directory === undefined
        ? `${file} has no directory of type embedded; users elsewhere are managed where they are`
        : `${file} has no embedded directory ${directory}`,
    )
  }
  if (second) {
    const names = named.map(({ name }) => name).join(', ')
    throw new Error(`several directories are embedded: choose one with --directory (${names})`)
  }
  /** Their `sub` in tokens. */
  const subOf = ({ id }: { readonly id: string }) => only.subjectPrefix + id
  return { config, path: only.path, subOf }
}
