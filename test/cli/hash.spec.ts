import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect } from 'chai'
import { verifySecret } from '../../src/clients/secrets.ts'
import { passwords } from '../../src/config/schema-limits.ts'
import { createPasswords } from '../../src/passwords/index.ts'
import { binary, latchkey } from './command.ts'

describe('latchkey hash', () => {
  it("hashes a user's password from a pipe", async () => {
    const { code, stdout } = await latchkey(['hash'], { input: 'correct horse\n' })
    expect(code).to.equal(0)
    expect(stdout).to.match(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(
      await createPasswords(passwords.parse({})).verify('correct horse', stdout.trim()),
    ).to.equal(true)
  })

  it("hashes a client's secret, whatever printable text it is", async () => {
    const input = 'a+/ =%:&"\'\\$'
    const { stdout } = await latchkey(['hash', '--client-secret', '--json'], { input })
    expect(await verifySecret([input], [JSON.parse(stdout).hash])).to.equal(true)
  })

  it('takes nothing from the arguments', async () => {
    expect(await latchkey(['hash', 'hunter2'], { input: 'a' })).to.include({ code: 2, stdout: '' })
  })

  it('refuses nothing, more than one line, and a secret that no client could send', async () => {
    const refused = [
      await latchkey(['hash'], { input: '' }),
      await latchkey(['hash'], { input: 'one\ntwo\n' }),
      await latchkey(['hash', '--client-secret'], { input: 'ü' }),
      await latchkey(['hash'], { input: 'a'.repeat(5000) }),
    ]
    for (const { code, stdout, stderr } of refused) {
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' })
      expect(stderr).to.match(/^latchkey: .+\n$/)
    }
  })
})

describe('latchkey hash at a terminal', () => {
  /** Types each answer when its question appears. A pseudo-terminal of util-linux stands for the operator's. */
  async function atTerminal(...answers: string[]) {
    const terminal = spawn('script', ['-qec', `${binary} hash`, '/dev/null'])
    const end = once(terminal, 'close')
    let screen = ''
    for await (const chunk of terminal.stdout.setEncoding('utf8')) {
      screen += chunk
      if (/Password( again)?: $/.test(screen)) terminal.stdin.write(`${answers.shift()}\r`)
    }
    const [code] = await end
    return { screen, code }
  }

  it('asks twice and shows nothing of what is typed', async () => {
    const { screen, code } = await atTerminal('hunter2', 'hunter3\x7f2')
    expect(code).to.equal(0)
    expect(screen).not.to.contain('hunter')
    const [hash = ''] = /\$argon2id\S+/.exec(screen) ?? []
    expect(await createPasswords(passwords.parse({})).verify('hunter2', hash)).to.equal(true)
  })

  it('refuses two that differ, and ends at Ctrl-C', async () => {
    const different = await atTerminal('one', 'two')
    expect(different).to.have.property('code', 1)
    expect(different.screen).to.contain('the two were not the same').and.not.to.contain('argon2')
    expect(await atTerminal('one\x03')).to.have.property('code', 1)
  })
})
