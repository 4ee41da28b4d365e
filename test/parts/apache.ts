import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from './port.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { until } from './until.ts'

export interface Apache {
  readonly url: string
  stop(): Promise<void>
}

/** Debian's Apache in the foreground, with these modules beside its core, these pages and this configuration. */
export async function startApache(
  modules: readonly string[],
  pages: readonly string[],
  configuration: string,
): Promise<Apache> {
  const folder = await temporaryFolder()
  const port = await freePort()
  const file = join(folder.path, 'apache.conf')
  await mkdir(join(folder.path, 'htdocs'))
  await chmod(folder.path, 0o755)
  for (const page of pages) await writeFile(join(folder.path, 'htdocs', page), page)
  const core = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', ...modules]
  await writeFile(
    file,
    `ServerName 127.0.0.1
ServerRoot ${folder.path}
PidFile ${folder.path}/pid
Listen 127.0.0.1:${port}
User www-data
Group www-data
ErrorLog ${folder.path}/error.log
DocumentRoot ${folder.path}/htdocs
${core.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
${configuration}
`,
  )
  const child = spawn('/usr/sbin/apache2', ['-f', file, '-D', 'FOREGROUND'], { stdio: 'inherit' })
  const url = `http://127.0.0.1:${port}`
  await until(
    () =>
      fetch(url).then(
        () => true,
        () => false,
      ),
    (up) => up,
  )
  return {
    url,
    async stop() {
      child.kill('SIGTERM')
      await once(child, 'exit')
      await folder[Symbol.asyncDispose]()
    },
  }
}
