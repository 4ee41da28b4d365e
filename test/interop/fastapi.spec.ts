import { join } from 'node:path'
import { expect } from 'chai'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { localContext, startBrowser } from '../parts/browser.ts'
import { startDevelopmentServer } from '../parts/development-server.ts'
import { startUvicorn } from '../parts/uvicorn.ts'

describe('the FastAPI example, behind the development server', () => {
  let latchkey: { url: string; close(): Promise<void> }
  let api: { url: string; close(): Promise<void> }

  before(async function () {
    this.timeout(60_000)
    latchkey = await startDevelopmentServer()
    api = await startUvicorn(join(import.meta.dirname, '../../examples/fastapi'), {
      LATCHKEY_URL: latchkey.url,
      LATCHKEY_AUDIENCE: `${latchkey.url}/api`,
    })
  })

  after(async () => {
    await api?.close()
    await latchkey?.close()
  })

  async function login(scope: string): Promise<string> {
    const response = await fetch(`${latchkey.url}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'password',
        client_id: 'demo-app',
        username: 'johndoe',
        password: 'secret',
        scope,
      }),
    })
    const body = (await response.json()) as { access_token: string }
    expect(response.status, JSON.stringify(body)).to.equal(200)
    return body.access_token
  }

  async function get(path: string, token?: string) {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const response = await fetch(api.url + path, { headers })
    return {
      status: response.status,
      challenge: response.headers.get('www-authenticate'),
      body: await response.json(),
    }
  }

  describe('in Swagger UI', () => {
    let browser: Browser
    let context: BrowserContext
    let page: Page

    before(async function () {
      this.timeout(30_000)
      browser = await startBrowser()
    })

    after(() => browser?.close())

    beforeEach(async () => {
      context = await localContext(browser)
      page = await context.newPage()
      page.setDefaultTimeout(15_000)
      await page.goto(`${api.url}/docs`)
    })

    afterEach(() => context.close())

    async function authorize(clientCredentials: 'basic' | 'request-body', password = 'secret') {
      await page.locator('.auth-wrapper .btn.authorize').first().click()
      const dialog = page.locator('.modal-ux')
      await dialog.locator('#oauth_username').fill('johndoe')
      await dialog.locator('#oauth_password').fill(password)
      await dialog.locator('#password_type').selectOption(clientCredentials)
      expect(await dialog.locator('input[data-name="clientId"]').inputValue()).to.equal('demo-app')
      const answer = page.waitForResponse(
        (response) =>
          response.url() === `${latchkey.url}/token` && response.request().method() === 'POST',
      )
      await dialog.locator('.auth-btn-wrapper .authorize').click()
      return { answer: await answer, dialog }
    }

    async function tryOut(operation: string) {
      const block = page.locator(`#operations-default-${operation}`)
      await block.locator('.opblock-summary-control').click()
      await block.locator('.try-out__btn').click()
      const answer = page.waitForResponse((response) =>
        response.url().startsWith(`${api.url}/users`),
      )
      await block.locator('.execute').click()
      const shown = block.locator('.live-responses-table .response').first()
      return { answer: await answer, shown: await shown.textContent() }
    }

    for (const [place, field] of [
      ['basic', 'the Authorization header'],
      ['request-body', 'the request body'],
    ] as const) {
      it(`logs in with the client in ${field}, and shows the user`, async () => {
        const { answer, dialog } = await authorize(place)
        expect(answer.status()).to.equal(200)
        const { authorization } = await answer.request().allHeaders()
        expect(authorization).to.equal(
          place === 'basic' ? `Basic ${Buffer.from('demo-app:').toString('base64')}` : undefined,
        )
        await dialog.getByRole('button', { name: 'Remove authorization' }).waitFor()
        await dialog.locator('.btn-done').click()
        const { answer: user, shown } = await tryOut('read_users_me_users_me__get')
        expect(user.status()).to.equal(200)
        expect(await user.json()).to.deep.equal({
          username: 'johndoe',
          email: 'johndoe@example.com',
          full_name: 'John Doe',
          disabled: false,
        })
        expect(shown).to.contain('"username": "johndoe"')
      })
    }

    it('shows that a password is wrong', async () => {
      const { answer, dialog } = await authorize('request-body', 'wrong')
      expect(answer.status()).to.equal(400)
      expect(await answer.json()).to.have.property('error', 'invalid_grant')
      await dialog.locator('.errors').waitFor()
      expect(await dialog.locator('.errors').textContent()).to.match(/invalid_grant|Bad Request/)
    })
  })

  it('answers items from the token alone', async () => {
    const token = await login('me items')
    const { sub } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    const { status, body } = await get('/users/me/items/', token)
    expect(status).to.equal(200)
    expect(body).to.deep.equal([{ item_id: 'Foo', owner: sub }])
  })

  it('RFC 6750 section 3.1: challenges a request without a token', async () => {
    const { status, challenge } = await get('/users/me/')
    expect(status).to.equal(401)
    expect(challenge).to.equal('Bearer realm="items"')
  })

  it('RFC 6750 section 3.1: 403 insufficient_scope names the scope', async () => {
    const { status, challenge } = await get('/users/me/items/', await login('me'))
    expect(status).to.equal(403)
    expect(challenge).to.equal(
      'Bearer realm="items", error="insufficient_scope", error_description="Not enough permissions", scope="items"',
    )
  })

  it('RFC 6750 section 3.1: a bad token is invalid_token', async () => {
    const [head, payload] = (await login('me')).split('.')
    for (const token of ['x', 'a.b.c', `${head}.${payload}.${'A'.repeat(86)}`]) {
      const { status, challenge } = await get('/users/me/', token)
      expect(status, token).to.equal(401)
      expect(challenge).to.equal(
        'Bearer realm="items", error="invalid_token", error_description="the token is expired or not valid here"',
      )
    }
  })

  it('notices at /users/me/ that a token has been revoked', async () => {
    const token = await login('me')
    expect((await get('/users/me/', token)).status).to.equal(200)
    const revocation = await fetch(`${latchkey.url}/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: 'demo-app', token }),
    })
    expect(revocation.status).to.equal(200)
    const { status, challenge } = await get('/users/me/', token)
    expect(status).to.equal(401)
    expect(challenge).to.contain('error="invalid_token"')
  })
})
