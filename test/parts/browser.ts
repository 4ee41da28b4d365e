import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium } from 'playwright-core'

const swaggerFiles = join(import.meta.dirname, '../../node_modules/swagger-ui-dist')

export const startBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  })

/** A fresh profile that reaches this machine only. What FastAPI's /docs loads of Swagger UI from a CDN comes from npm. */
export async function localContext(browser: Browser): Promise<BrowserContext> {
  const context = await browser.newContext()
  await context.route('**/*', (route) => {
    const { hostname, pathname } = new URL(route.request().url())
    if (hostname === '127.0.0.1') return route.continue()
    const file = /\/swagger-ui-dist@[^/]+\/([\w.-]+)$/.exec(pathname)?.[1]
    return file ? route.fulfill({ path: join(swaggerFiles, file) }) : route.abort()
  })
  return context
}
