// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what the operator writes
import { expect } from 'chai'
import { faults, load, withClient, withLines } from './scene.ts'

const service = withClient("{ id: s, secrets: ['${SECRET}'], grants: [client_credentials] }")

describe('references in a configuration', () => {
  it('take a secret from the environment, whatever printable text it is', async () => {
    for (const SECRET of [
      '+/=%:&',
      'a b"\'\\#',
      '${HOME}',
      '$2b$12$x',
      '- *a !b',
      '12345',
      'true',
      '~',
    ])
      expect((await load(service, { SECRET })).clients[0]?.secrets).to.deep.equal([SECRET])
  })

  it('refuse a secret that is not printable ASCII, without repeating it', async () => {
    const [fault] = await faults(service, { SECRET: 'hünter2' })
    expect(fault).to.match(/^7:24 clients\[0\]\.secrets\[0\]: printable ASCII/)
    expect(fault).not.to.contain('nter2')
  })

  it('take it from a file beside the configuration, without the newline at its end', async () => {
    const text = service.replace('${SECRET}', '${file:secrets/one}')
    const { clients } = await load(text, {}, { 'secrets/one': ' a+b= \r\n' })
    expect(clients[0]?.secrets).to.deep.equal([' a+b= '])
  })

  it('stand inside a text too', async () => {
    const { state } = await load(withLines('state: redis://:${PASS}@127.0.0.1:${PORT}/0'), {
      PASS: 'p',
      PORT: '6380',
    })
    expect(state.url).to.equal('redis://:p@127.0.0.1:6380/0')
  })

  it('become a number or true and false where the option is one', async () => {
    const text = withLines(
      'listen: { port: "${PORT}" }',
      'log: { pretty: "${PRETTY}" }',
      'bodyLimit: ${file:limit}',
    )
    const config = await load(text, { PORT: '9000', PRETTY: 'true' }, { limit: '2048\n' })
    expect(config.listen).to.include({ port: 9000 })
    expect(config.log.pretty).to.equal(true)
    expect(config.bodyLimit).to.equal(2048)
  })

  it('are escaped by a second dollar', async () => {
    const { clients } = await load(withClient('{ id: a, public: true, name: "$${NAME} for $5" }'))
    expect(clients[0]?.name).to.equal('${NAME} for $5')
  })

  it('are faults at their place when there is nothing behind them, and nothing else is said of the value', async () => {
    const text = withLines(
      'state: ${STATE}',
      'bodyLimit: ${file:gone}',
      'keys: ${a-b}',
      'log: { level: "${" }',
    )
    const found = await faults(text)
    expect(found).to.have.lengthOf(4)
    expect(found[0]).to.equal('10:1 state: set the environment variable STATE; it is not set')
    expect(found[1]).to.match(/^11:1 bodyLimit: cannot read \/.*\/gone \(ENOENT\)$/)
    expect(found[2]).to.equal(
      '12:1 keys: write ${NAME} or ${file:PATH}, or $${ where a plain ${ is meant',
    )
    expect(found[3]).to.equal(
      '13:8 log.level: write ${NAME} or ${file:PATH}, or $${ where a plain ${ is meant',
    )
  })
})
