import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import type { Browser } from 'playwright-core'
import { startBrowser } from '../parts/browser.ts'
import { type Latchkey, startLatchkey } from '../parts/latchkey.ts'

const bundle = join(
  dirname(createRequire(import.meta.url).resolve('oidc-client-ts/package.json')),
  'dist/browser/oidc-client-ts.min.js',
)

/** What a page does with oidc-client-ts: the password grant, a silent refresh, revocation. */
const page = (issuer: string) => `<!doctype html><script src="/oidc.js"></script><script>
async function run(password) {
  const manager = new oidc.UserManager({
    authority: '${issuer}', client_id: 'web', redirect_uri: location.origin, scope: 'read',
    loadUserInfo: false, revokeTokenTypes: ['access_token', 'refresh_token'],
    userStore: new oidc.WebStorageStateStore({ store: new oidc.InMemoryWebStorage() }),
  })
  try {
    const user = await manager.signinResourceOwnerCredentials({ username: 'johndoe', password, skipUserInfo: true })
    const me = await fetch('${issuer}/users/me', { headers: { Authorization: 'Bearer ' + user.access_token } })
    const refreshed = await manager.signinSilent()
    await manager.revokeTokens()
    return { me: await me.json(), rotated: refreshed.refresh_token !== user.refresh_token, scope: refreshed.scope }
  } catch (error) { return { name: error.name, error: error.error } }
}
</script>`

describe('oidc-client-ts in Chromium', function () {
  this.timeout(60_000)
  let server: Latchkey
  let site: Server
  let browser: Browser
  let origin: string

  before(async () => {
    server = await startLatchkey()
    site = createServer((request, response) => {
      const script = request.url === '/oidc.js'
      response.writeHead(200, { 'Content-Type': script ? 'text/javascript' : 'text/html' })
      response.end(script ? readFileSync(bundle) : page(server.issuer))
    }).listen(0, '127.0.0.1')
    await once(site, 'listening')
    origin = `http://localhost:${(site.address() as AddressInfo).port}`
    browser = await startBrowser()
  })
  after(async () => {
    await browser.close()
    site.close()
    await server.stop()
  })

  it('logs in, refreshes and revokes across origins [COR-01 COR-02 COR-03]', async () => {
    const tab = await browser.newPage()
    await tab.goto(origin)
    expect(await tab.evaluate("run('secret')")).to.deep.equal({
      me: {
        username: 'johndoe',
        email: 'johndoe@example.com',
        full_name: 'John Doe',
        disabled: false,
      },
      rotated: true,
      scope: 'read',
    })
    expect(await tab.evaluate("run('wrong')")).to.deep.equal({
      name: 'ErrorResponse',
      error: 'invalid_grant',
    })
  })

  it('reads nothing from an origin that no client has [COR-05]', async () => {
    const tab = await browser.newPage()
    await tab.goto(origin.replace('localhost', '127.0.0.1'))
    const outcome = await tab.evaluate(
      `fetch('${server.issuer}/token', { method: 'POST', body: new URLSearchParams({ client_id: 'web' }) }).then(() => 'read', () => 'blocked')`,
    )
    expect(outcome).to.equal('blocked')
  })
})
