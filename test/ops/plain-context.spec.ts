import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { withPlainContext } from '../../scripts/bundle/plain-context.ts'

const engine = dirname(createRequire(import.meta.url).resolve('oidc-provider'))
const code = readFileSync(join(engine, 'helpers/initialize_app.js'), 'utf8')

describe("the engine's context in the bundle", () => {
  it('is a value where it was a getter, and nothing else is changed', () => {
    const plain = withPlainContext(code)
    const [line = ''] = /^.*defineProperty\(ctx, 'oidc'.*$/m.exec(plain) ?? []
    expect(line.trim()).to.equal(
      "Object.defineProperty(ctx, 'oidc', { value: new this.OIDCContext(ctx) });",
    )
    const [before = '', after = ''] = plain.split(line)
    expect(code.startsWith(before.trimEnd())).to.equal(true)
    expect(code.endsWith(after)).to.equal(true)
    expect(code.slice(before.trimEnd().length, -after.length).trim().split('\n')).to.have.lengthOf(
      7,
    )
  })

  it('is not made where the engine makes it in another way', () => {
    expect(() => withPlainContext(code.replace('oidcCtx ||=', 'oidcCtx ??='))).to.throw(
      'scripts/bundle/plain-context.ts',
    )
  })
})
