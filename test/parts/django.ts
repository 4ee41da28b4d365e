import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'

// Debian's packages belong to the system's Python, whatever comes first on PATH.
const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3'

/** Django's own code over a database of ours. */
export interface Django {
  /** Makes auth_user and its users; answers with their primary keys by name. */
  make(): Promise<Readonly<Record<string, string>>>
  /** What Django's authenticate() says. */
  check(username: string, password: string): Promise<boolean>
}

/** Django over the database of one of our URLs. */
export function djangoOver(url: string): Django {
  const ask = async (...words: string[]) => {
    const script = new URL('django_users.py', import.meta.url).pathname
    const settings = JSON.stringify(databaseSettings(url))
    const { stdout } = await promisify(execFile)(python, [script, settings, ...words])
    return JSON.parse(stdout)
  }
  return {
    make: () => ask('make'),
    check: (username, password) => ask('check', username, password),
  }
}

function databaseSettings(url: string): Readonly<Record<string, string | number>> {
  if (url.startsWith('sqlite:')) {
    return { ENGINE: 'django.db.backends.sqlite3', NAME: url.slice('sqlite:'.length) }
  }
  const { protocol, username, hostname, port, pathname } = new URL(url)
  const engine = protocol === 'mysql:' ? 'mysql' : 'postgresql'
  return {
    ENGINE: `django.db.backends.${engine}`,
    NAME: pathname.slice(1),
    USER: username,
    HOST: hostname,
    PORT: port,
  }
}
