import { expect } from 'chai'
import { cheaply, type Latchkey, passwordGrant, startLatchkey } from '../parts/latchkey.ts'

describe('RFC 8265: names and passwords in Unicode', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey()
    const composed = 'jörg'.normalize('NFC')
    await server.accounts.add({ username: composed, hash: await cheaply('pässwörd'.normalize()) })
  })
  after(() => server.stop())

  const login = async (username: string, password: string) =>
    (await server.post('/token', { ...passwordGrant, username, password })).status

  it('section 3.4: NFC and NFD of a name reach the same account [ROP-10]', async () => {
    for (const form of ['NFC', 'NFD'] as const) {
      expect(await login('jörg'.normalize(form), 'pässwörd'.normalize()), form).to.equal(200)
    }
  })

  it('section 4.2: NFC and NFD of a password are one, case and width are not [ROP-10]', async () => {
    for (const form of ['NFC', 'NFD'] as const) {
      expect(await login('jörg', 'pässwörd'.normalize(form)), form).to.equal(200)
    }
    for (const other of ['Pässwörd', 'password', 'ｐässwörd', 'pässwörd ']) {
      expect(await login('jörg', other), other).to.equal(400)
    }
  })
})
