import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { makeCertificate } from './certificate.ts'
import { freePort } from './port.ts'
import { dataFolder, prepare, startServer } from './server-process.ts'
import { until } from './until.ts'

export interface Slapd {
  /** ldap://…, which knows StartTLS. */
  readonly url: string
  readonly port: number
  readonly ldapsUrl: string
  /** The authority that signed its certificate, PEM file. */
  readonly ca: string
  readonly bindDn: string
  readonly bindPassword: string
  /** Applies LDIF change records as the administrator. */
  modify(ldif: string): void
  kill(): Promise<void>
  restart(): Promise<void>
  stop(): Promise<void>
}

export const suffix = 'dc=example,dc=com'

/** Starts OpenLDAP on free ports of 127.0.0.1 with the entries of `ldif` below dc=example,dc=com. */
export async function startSlapd(ldif: string): Promise<Slapd> {
  const folder = dataFolder('latchkey-slapd-')
  const { cert, key } = makeCertificate(folder)
  mkdirSync(join(folder, 'db'))
  const bindDn = `cn=admin,${suffix}`
  const bindPassword = 'administrator'
  const schemas = ['core', 'cosine', 'inetorgperson']
  const configuration = join(folder, 'slapd.conf')
  writeFileSync(
    configuration,
    `${schemas.map((name) => `include /etc/ldap/schema/${name}.schema`).join('\n')}
modulepath /usr/lib/ldap
moduleload back_mdb
# A server that takes a name without a password for nobody, and says yes.
allow bind_anon_dn
TLSCertificateFile ${cert}
TLSCertificateKeyFile ${key}
pidfile ${join(folder, 'pid')}
database mdb
maxsize 10485760
suffix "${suffix}"
rootdn "${bindDn}"
rootpw ${bindPassword}
directory ${join(folder, 'db')}
dbnosync
index uid,mail,entryUUID,member eq
access to attrs=userPassword by anonymous auth by * none
access to * by * read
`,
  )
  const root = `dn: ${suffix}\nobjectClass: dcObject\nobjectClass: organization\no: Example\n`
  const entries = join(folder, 'entries.ldif')
  writeFileSync(entries, `${root}\n${ldif}`)
  prepare('/usr/sbin/slapadd', ['-q', '-f', configuration, '-l', entries])
  const [port, tlsPort] = [await freePort(), await freePort()]
  const urls = `ldap://127.0.0.1:${port}/ ldaps://127.0.0.1:${tlsPort}/`
  const words = ['-d', 'stats', '-f', configuration, '-h', urls]
  const start = async () => {
    const started = await startServer('/usr/sbin/slapd', words, /slapd starting/)
    // It says so shortly before it listens.
    for (const one of [port, tlsPort]) await until(() => accepts(one), Boolean)
    return started
  }
  let server = await start()
  return {
    url: `ldap://127.0.0.1:${port}`,
    port,
    ldapsUrl: `ldaps://127.0.0.1:${tlsPort}`,
    ca: cert,
    bindDn,
    bindPassword,
    modify(changes) {
      const words = ['-x', '-H', `ldap://127.0.0.1:${port}`, '-D', bindDn, '-w', bindPassword]
      execFileSync('ldapmodify', words, { input: changes, stdio: ['pipe', 'ignore', 'inherit'] })
    },
    kill: () => server.end('SIGKILL'),
    async restart() {
      server = await start()
    },
    async stop() {
      await server.end('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const accepted = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false)
  socket.destroy()
  return accepted
}
