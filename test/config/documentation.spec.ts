import { join } from 'node:path'
import { expect } from 'chai'
import { configurationPage } from '../../scripts/docs/configuration-page.ts'
import { editorSchema } from '../../scripts/docs/editor-schema.ts'
import { verifySecret } from '../../src/clients/secrets.ts'
import { loadConfig } from '../../src/config/load.ts'
import { type OptionSchema, rootOption } from '../../src/config/reading/options.ts'

const root = join(import.meta.dirname, '../..')
const example = (name: string) => join(root, 'config', name)
const secrets = {
  REDIS_PASSWORD: 'a',
  DATABASE_PASSWORD: 'b',
  REPORTER_SECRET: 'c+/=%:&',
  REPORTS_API_SECRET: 'd',
}

/** Every option of the schema, as `clients[].id`, with its schema. */
function everyOption(option: OptionSchema, path: string): [string, OptionSchema][] {
  const branches = [option, ...(option.anyOf ?? []), ...(option.oneOf ?? [])]
  return branches.flatMap(({ properties = {}, items, anyOf, oneOf }, index) => [
    ...Object.entries(properties).flatMap(([name, inner]): [string, OptionSchema][] => {
      const own = path ? `${path}.${name}` : name
      return [[own, inner], ...everyOption(inner, own)]
    }),
    ...(items ? everyOption(items, `${path}[]`) : []),
    ...(index > 0 && (anyOf ?? oneOf) ? everyOption({ anyOf: anyOf ?? oneOf ?? [] }, path) : []),
  ])
}

describe('the documentation of the configuration', () => {
  const options = everyOption(rootOption(), '')

  it('describes every option', () => {
    expect(options.length).to.be.above(100)
    for (const [path, { description }] of options) expect(description, path).to.match(/\S{2}/)
  })

  it('lists every option', () => {
    const page = configurationPage(root)
    const listed = options.filter(([path]) => !/\.type$/.test(path))
    for (const [path] of listed) expect(page).to.contain(`| \`${path}\` |`)
  })

  it('is a JSON Schema without marks of our own', () => {
    const schema = JSON.parse(editorSchema())
    expect(schema).to.include({ type: 'object', additionalProperties: false })
    expect(JSON.stringify(schema)).not.to.match(/"path":"/)
  })
})

describe('the configurations in config/', () => {
  for (const name of ['development.yaml', 'fastapi.yaml', 'production.yaml'])
    it(`${name} is valid`, () => {
      expect(loadConfig(example(name), secrets).apis).not.to.have.lengthOf(0)
    })

  it('development.yaml keeps keys and data at the root of the project, on loopback, with the demo secret', async () => {
    const { keys, state, users, development, clients } = loadConfig(example('development.yaml'), {})
    expect({ keys: keys.folder, state: state.url, development }).to.deep.equal({
      keys: join(root, 'keys'),
      state: `sqlite:${join(root, 'data/state.sqlite')}`,
      development: true,
    })
    expect(users[0]).to.include({ path: join(root, 'data/users.sqlite') })
    expect(await verifySecret(['demo-secret'], clients[1]?.secrets ?? [])).to.equal(true)
  })

  it('production.yaml has no secret of its own', () => {
    expect(() => loadConfig(example('production.yaml'), {})).to.throw(
      /REDIS_PASSWORD; it is not set/,
    )
  })
})
