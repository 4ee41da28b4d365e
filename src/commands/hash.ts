import { Command } from 'commander'
import { hashChosenSecret } from '../clients/secrets.ts'
import { loadConfig } from '../config/load.ts'
import { passwords } from '../config/schema-limits.ts'
import { readSecret } from './read-secret.ts'

interface Options {
  readonly config?: string
  readonly clientSecret?: true
  readonly json?: true
}

export const hashCommand = () =>
  new Command('hash')
    .description("hash a user's password, or a client's secret, as Latchkey stores it")
    .option('--client-secret', 'hash the secret of a client, for `clients[].secrets`')
    .option('--config <file>', 'take the parameters of argon2id from this configuration')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
It is read from the terminal without echo, or from a pipe, never from the arguments.

Examples:
  latchkey hash
  latchkey hash --client-secret < secret.txt
  printf %s "$PASSWORD" | latchkey hash --json`,
    )
    .action(async ({ config, clientSecret, json }: Options) => {
      const hash = clientSecret ? await hashClientSecret() : await hashPassword(config)
      console.log(json ? JSON.stringify({ hash }) : hash)
    })

async function hashClientSecret(): Promise<string> {
  const secret = await readSecret('Secret')
  if (!/^[\x20-\x7e]{1,1024}$/.test(secret))
    throw new Error(
      'a secret is at most 1024 characters of printable ASCII (RFC 6749 appendix A.2)',
    )
  return hashChosenSecret(secret)
}

async function hashPassword(config: string | undefined): Promise<string> {
  const options = config ? loadConfig(config).passwords : passwords.parse({})
  const { createPasswords } = await import('../passwords/index.ts')
  return createPasswords(options).hash(await readSecret('Password'))
}
