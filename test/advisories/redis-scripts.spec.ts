import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { passwordGrant, startLatchkey } from '../parts/latchkey.ts'
import { startRedis } from '../parts/redis.ts'
import { atOnce, outcomeOf } from './scene.ts'

const shipped = new URL('../../config/redis-acl.conf', import.meta.url)

describe('advisories: the user that Latchkey is in Redis', () => {
  it('CVE-2025-49844 Redis: whoever may run scripts could run anything', async () => {
    const line = readFileSync(shipped, 'utf8')
      .split('\n')
      .find((each) => each.startsWith('user '))
    const redis = await startRedis({ directives: [`${line}`] })
    try {
      const { host } = new URL(redis.url)
      const server = await startLatchkey({
        state: `redis://latchkey:replace-this-password@${host}`,
      })
      // Whatever is sent, the scripts that run are those of the house.
      const hostile = [
        "return redis.call('FLUSHALL')",
        '0 latchkey:* ) end',
        'struct.pack',
        'a\\nb',
      ]
      const forms = hostile.flatMap((text) => [
        { ...passwordGrant, username: text },
        { grant_type: 'refresh_token', refresh_token: text, client_id: 'web' },
      ])
      await atOnce(forms.length, (index) => server.post('/token', forms[index] ?? ''))
      expect(outcomeOf(await server.post('/token', passwordGrant))).to.equal('200')
      await server.stop()
      for (const command of [
        ...['CONFIG GET dir', 'MODULE LIST', 'DEBUG SLEEP 0', 'FLUSHALL', 'KEYS *', 'SHUTDOWN'],
        ...['FUNCTION LIST', 'SCRIPT FLUSH', 'SLAVEOF NO ONE', 'ACL LIST', 'GET other:key'],
        ...['EVAL return 1 other:key', 'SET other:key x', 'CLIENT LIST', 'MONITOR', 'SAVE'],
      ]) {
        const reply = await redis.command('ACL', 'DRYRUN', 'latchkey', ...dryRun(command))
        expect(reply, command).to.match(/no permissions|has no permission/i)
      }
    } finally {
      await redis.stop()
    }
  })
})

/** EVAL wants its number of keys. */
const dryRun = (command: string) =>
  command.startsWith('EVAL') ? ['EVAL', 'return 1', '1', 'other:key'] : command.split(' ')
