import { createPublicKey } from 'node:crypto'
import { createInterface } from 'node:readline'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import jwksRsa from 'jwks-rsa'
import {
  createVerifier,
  followRevocations,
  VerificationUnavailable,
} from '../../src/resource-server/index.ts'

/**
 * An API in a process of its own that keeps keys as its library does when nothing is said: judges
 * the token in each line of standard input, and answers `good`, or what it says of it.
 */
type Judge = (token: string) => Promise<unknown>

const [kind = '', issuer = '', audience = ''] = process.argv.slice(2)
const jwksUri = `${issuer}/.well-known/jwks.json`
const rules = { issuer, audience, algorithms: ['ES256'], typ: 'at+jwt' }

const judges: Readonly<Record<string, () => Judge>> = {
  jose() {
    const keys = createRemoteJWKSet(new URL(jwksUri))
    return (token) => jwtVerify(token, keys, rules)
  },
  'jwks-rsa'() {
    const client = jwksRsa({ jwksUri })
    return async (token) => {
      const key = await client.getSigningKey(decodeProtectedHeader(token).kid)
      return jwtVerify(token, createPublicKey(key.getPublicKey()), rules)
    }
  },
  'our SDK alone': () => createVerifier({ issuer, audience }).verify,
  'our SDK'() {
    const { isRevoked, status } = followRevocations({ issuer })
    const { verify } = createVerifier({ issuer, audience, isRevoked })
    return (token) =>
      verify(token).catch((error: Error) => {
        if (error instanceof VerificationUnavailable)
          throw new Error(`${error.message}: ${JSON.stringify(status())}`)
        throw error
      })
  },
}

const judge = judges[kind]?.()
if (!judge) throw new Error(`there is no verifier ${kind}`)
for await (const token of createInterface(process.stdin)) {
  const said = await judge(token).then(
    () => 'good',
    ({ code, name, message }) => `${code ?? name}: ${message}`,
  )
  console.log(said)
}
process.exit()
