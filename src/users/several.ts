import type { Directory, DirectoryLog, User } from './directory.ts'

export interface Place {
  readonly directory: Directory
  /** Put before the ids of this directory's users to make their `sub`. */
  readonly subjectPrefix: string
}

/**
 * Several directories, in order, as one. The first that has a login name decides about it, alone: a
 * password that is wrong there is not tried elsewhere. A directory that cannot be asked stops the
 * search, since the name might be its own.
 */
export function severalDirectories(places: readonly Place[], log?: DirectoryLog): Directory {
  // The longest prefix first: an id belongs to the one that fits best.
  const byPrefix = places.toSorted((a, b) => b.subjectPrefix.length - a.subjectPrefix.length)
  const placeOf = (sub: string) =>
    byPrefix.find(({ subjectPrefix }) => sub.startsWith(subjectPrefix))

  function known(place: Place, user: User | undefined): User | undefined {
    if (user === undefined) return undefined
    const id = place.subjectPrefix + user.id
    if (placeOf(id) === place) return { ...user, id }
    log?.warn(
      { directory: place.directory.name, sub: id },
      'a user is refused: the id begins with the subjectPrefix of another directory',
    )
    return undefined
  }

  /** The directory of a user, and the user as that directory knows it. */
  function home(user: User) {
    const place = placeOf(user.id)
    if (!place) return undefined
    const id = user.id.slice(place.subjectPrefix.length)
    return { directory: place.directory, user: { ...user, id } }
  }

  const all: Directory = {
    name: places.map(({ directory }) => directory.name).join(', '),
    async findByLogin(login) {
      for (const place of places) {
        const user = await place.directory.findByLogin(login)
        if (user !== undefined) return known(place, user)
      }
      return undefined
    },
    async findById(sub) {
      const place = placeOf(sub)
      if (!place) return undefined
      const { directory, subjectPrefix } = place
      return known(place, await directory.findById(sub.slice(subjectPrefix.length)))
    },
    async checkPassword(user, password) {
      const at = home(user)
      return at?.directory.checkPassword?.(at.user, password)
    },
    async replaceHash(user, from, to) {
      const at = home(user)
      return (await at?.directory.replaceHash?.(at.user, from, to)) ?? false
    },
    async *scan() {
      for (const { directory, subjectPrefix } of places) {
        for await (const { id, hash } of directory.scan?.() ?? []) {
          yield { id: subjectPrefix + id, hash }
        }
      }
    },
    async check() {
      await Promise.all(places.map(({ directory }) => directory.check()))
    },
    async close() {
      await Promise.all(places.map(({ directory }) => directory.close()))
    },
  }
  const some = (method: 'checkPassword' | 'replaceHash' | 'scan') =>
    places.some(({ directory }) => directory[method] !== undefined)
  for (const method of ['checkPassword', 'replaceHash', 'scan'] as const) {
    if (!some(method)) delete all[method]
  }
  return all
}
