import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'
import { exchange, formRequest, type RawAnswer } from '../parts/raw-socket.ts'

const login = 'grant_type=password&username=johndoe&password=secret&client_id=web'
const user = 'grant_type=password&client_id=web'
const basic = (pair: string) => `Authorization: Basic ${Buffer.from(pair).toString('base64')}`

describe('RFC 6749 section 10.14: hostile requests get a refusal, and the next request an answer', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey()
  })
  after(() => server.stop())

  const send = (form: string, headers: readonly string[] = [], target = '/token') =>
    exchange(server.service.url, formRequest(target, form, headers))
  const outcome = ({ status, json }: RawAnswer) => `${status} ${json.error ?? 'issued'}`
  afterEach('the next request is served', async () => {
    expect(outcome(await send(login))).to.equal('200 issued')
  })

  const malformed = {
    'a broken escape in the password': `${user}&username=johndoe&password=%zz`,
    'an escape cut off': `${user}&username=johndoe&password=secret%`,
    'an escape cut short': `${user}&username=johndoe&password=secret%2`,
    'a broken escape in the username': `${user}&username=%G1&password=secret`,
    'a broken escape in a name': `${login}&%zz=1`,
    'octets that are not UTF-8, escaped': `${user}&username=%ff%fe&password=secret`,
    'octets that are not UTF-8, raw': `${user}&username=\xff\xfe&password=secret`,
    'half a UTF-8 sequence': `${user}&username=joh%C3&password=secret`,
    'an overlong UTF-8 sequence': `${user}&username=%C0%80johndoe&password=secret`,
    'a surrogate in UTF-8': `${user}&username=%ED%A0%80&password=secret`,
    'NUL in the username': `${user}&username=johndoe%00&password=secret`,
    'NUL in the password': `${user}&username=johndoe&password=secret%00x`,
    'NUL in the password, raw': `${user}&username=johndoe&password=secret\x00`,
    'CR LF in the username': `${user}&username=johndoe%0d%0a&password=secret`,
    'LF in the password': `${user}&username=johndoe&password=secret%0a`,
    'a bell in the password': `${user}&username=johndoe&password=secret%07`,
    'an escape character in the username': `${user}&username=%1b[2Jjohndoe&password=secret`,
    'NUL in the scope': `${login}&scope=read%00`,
    'NUL in the client_id': login.replace('web', 'web%00'),
  }
  for (const [what, form] of Object.entries(malformed)) {
    it(`refuses ${what} as invalid_request [HTTP-21 TOK-18 TOK-19]`, async () => {
      expect(outcome(await send(form))).to.equal('400 invalid_request')
    })
  }

  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then']
  for (const name of names) {
    it(`takes ${name} for a name like any other [HTTP-21 TOK-11]`, async () => {
      const forms = {
        [`${name}=x&${login}`]: '200 issued',
        [`${name}[x]=y&${name}.z=1&${login}`]: '200 issued',
        [`grant_type=${name}&client_id=web`]: '400 unsupported_grant_type',
        [`grant_type=password&username=${name}&password=x&client_id=web`]: '400 invalid_grant',
        [`grant_type=refresh_token&refresh_token=${name}&client_id=web`]: '400 invalid_grant',
        [`grant_type=password&username=a&password=b&client_id=${name}`]: '401 invalid_client',
        [`${login}&scope=${name}`]: '400 invalid_scope',
        [`${login}&resource=${name}`]: '400 invalid_target',
      }
      for (const [form, expected] of Object.entries(forms)) {
        expect(outcome(await send(form)), form).to.equal(expected)
      }
      const grant = 'grant_type=client_credentials'
      expect(outcome(await send(grant, [basic(`${name}:${secret}`)]))).to.equal(
        '401 invalid_client',
      )
      const hinted = `token=${name}&token_type_hint=${name}&client_id=web`
      expect(outcome(await send(hinted, [], '/revoke'))).to.equal('200 issued')
      const introspected = await send(
        `token=${name}&token_type_hint=${name}`,
        [basic(`app:${secret}`)],
        '/introspect',
      )
      expect(introspected.json).to.deep.equal({ active: false })
    })
  }

  it('reads 50 parameters, the last of them the grant type, and refuses thousands [HTTP-21 TOK-20]', async () => {
    const rest = 'username=johndoe&password=secret&client_id=web&grant_type=password'
    const others = (count: number) =>
      Array.from({ length: count }, (_, index) => `p${index}=&`).join('')
    expect(outcome(await send(`${others(46)}${rest}`))).to.equal('200 issued')
    for (const form of [others(47), 'x=&'.repeat(47), others(2000), 'x&'.repeat(5000)]) {
      expect(outcome(await send(`${form}${rest}`))).to.equal('400 invalid_request')
    }
    const repeated = `${'scope=read&'.repeat(1000)}${login}`
    expect(outcome(await send(repeated))).to.equal('400 invalid_request')
  })

  it('refuses 2 MiB with 413, announced or chunked [HTTP-15 HTTP-21]', async () => {
    const large = `${login}&x=${'y'.repeat(2 * 1024 * 1024)}`
    expect(outcome(await send(large))).to.equal('413 invalid_request')
    const chunked = `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`
    const answer = await send(chunked, ['Transfer-Encoding: chunked'])
    expect(outcome(answer)).to.equal('413 invalid_request')
    const fits = `${login}&x=${'y'.repeat(16_384 - login.length - 3)}`
    expect(outcome(await send(fits))).to.equal('200 issued')
    expect(outcome(await send(`${fits}y`))).to.equal('413 invalid_request')
  })

  it('never decompresses a body [HTTP-21]', async () => {
    const bomb = gzipSync(`${login}&x=${'y'.repeat(1_000_000)}`).toString('latin1')
    for (const coding of ['gzip', 'GZIP', 'deflate', 'br', 'identity, gzip']) {
      const answer = await send(bomb, [`Content-Encoding: ${coding}`])
      expect(outcome(answer), coding).to.equal('415 invalid_request')
    }
    expect(outcome(await send(login, ['Content-Encoding: identity']))).to.equal('200 issued')
  })

  it('does not choose between two Authorization headers [HTTP-21 CLI-07]', async () => {
    const right = basic(`app:${secret}`)
    for (const other of [right, basic('app:wrong'), 'Authorization: Bearer x']) {
      const answer = await send('grant_type=client_credentials', [right, other])
      expect(outcome(answer)).to.equal('400 invalid_request')
    }
  })

  it('refuses what is not a form, though it says so [HTTP-21 TOK-08]', async () => {
    for (const body of ['{"grant_type":"password"}', '<grant_type/>', '&&&', '=', '=&=x', '%']) {
      const answer = await send(body, [basic(`app:${secret}`)])
      expect(outcome(answer), body).to.equal('400 invalid_request')
    }
  })
})
