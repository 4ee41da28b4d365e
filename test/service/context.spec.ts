import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import Koa, { type Context } from 'koa'
import { reachDirectly } from '../../src/http/direct.ts'

const form = 'application/x-www-form-urlencoded'

/** What the house and the engine ask of a context, and set in it. */
const asked = (ctx: Context) => ({
  method: ctx.method,
  path: ctx.path,
  header: ctx.get('X-Asked'),
  headers: Object.keys(ctx.headers).length,
  types: [
    ctx.is(),
    ctx.is(form),
    ctx.is('json', 'urlencoded'),
    ctx.is(['text/plain', form]),
    ctx.is('application/*'),
    ctx.is('json'),
  ],
  before: [ctx.status, ctx.body],
})

/** The status, fields and body with which an application of Koa's answers. */
async function answerOf(app: Koa, request: RequestInit): Promise<unknown> {
  app.use(async (ctx) => {
    const answers = asked(ctx)
    ctx.path = '/elsewhere'
    ctx.set('X-One', '1')
    ctx.set('X-List', ['1', '2'])
    ctx.set({ 'X-Some': '1', 'X-Removed': '1' })
    ctx.remove('X-Removed')
    ctx.body = { ...answers, path: [answers.path, ctx.path] }
    ctx.status = 203
  })
  const server = createServer(app.callback()).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const answer = await fetch(`http://127.0.0.1:${port}/place?x=1`, request)
  const { date: _, ...fields } = Object.fromEntries(answer.headers)
  const body = await answer.json()
  server.closeAllConnections()
  server.close()
  return { status: answer.status, fields, body }
}

describe("Koa's context, reached by name", () => {
  const requests: Record<string, RequestInit> = {
    'a form': { method: 'POST', body: 'a=1', headers: { 'Content-Type': form, 'X-Asked': 'x' } },
    'a form with a parameter': {
      method: 'POST',
      body: 'a=1',
      headers: { 'Content-Type': `${form}; charset=utf-8` },
    },
    'a form in capitals': {
      method: 'POST',
      body: 'a=1',
      headers: { 'Content-Type': form.toUpperCase() },
    },
    'an empty form': { method: 'POST', headers: { 'Content-Type': form } },
    'a form without a body': { method: 'GET', headers: { 'Content-Type': form } },
    JSON: { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } },
    nothing: { method: 'GET' },
  }
  for (const [name, request] of Object.entries(requests)) {
    it(`answers ${name} as Koa's own does`, async () => {
      const ours = new Koa()
      reachDirectly(ours)
      const answer = await answerOf(ours, request)
      expect(answer).to.deep.equal(await answerOf(new Koa(), request))
      expect(answer).to.have.nested.property('fields.x-list', '1, 2')
    })
  }
})
