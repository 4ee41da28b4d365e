import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { createPasswords } from '../../src/passwords/index.ts'

const run = promisify(execFile)
const hash = { memory: 19_456, iterations: 2, parallelism: 1 }
const passwords = createPasswords({ queue: 8, wait: 5000, hash, allowWeak: [] })
const password = 'naïve pässword'

/** A hash written on login must open the application that owns the table. */
describe('a new hash is verified by', () => {
  it('PHP', async () => {
    const script =
      'echo json_encode([password_verify($argv[1], $argv[3]), password_verify($argv[2], $argv[3])]);'
    const { stdout } = await run('php', [
      '-r',
      script,
      '--',
      password,
      'wrong',
      await passwords.hash(password),
    ])
    expect(JSON.parse(stdout)).to.deep.equal([true, false])
  })

  it('Django', async () => {
    const script = [
      'import sys',
      'from django.conf import settings',
      'settings.configure(PASSWORD_HASHERS=["django.contrib.auth.hashers.Argon2PasswordHasher"])',
      'from django.contrib.auth.hashers import check_password',
      'print([check_password(given, sys.argv[3]) for given in sys.argv[1:3]])',
    ].join('\n')
    const stored = await passwords.hash(password, 'pbkdf2_sha256$260000$seasalt$AAAA')
    const { stdout } = await run('/usr/bin/python3', [
      '-W',
      'ignore',
      '-c',
      script,
      password,
      'wrong',
      stored,
    ])
    expect(stdout).to.equal('[True, False]\n')
  })

  it('argon2-cffi', async () => {
    const script =
      'import sys, argon2; print(argon2.PasswordHasher().verify(sys.argv[2], sys.argv[1]))'
    const stored = await passwords.hash(password)
    const { stdout } = await run('/usr/bin/python3', [
      '-W',
      'ignore',
      '-c',
      script,
      password,
      stored,
    ])
    expect(stdout).to.equal('True\n')
  })
})
