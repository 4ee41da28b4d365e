import { openKeyStore } from '../../src/keys/key-store.ts'

/**
 * A server's share in the keys, in a process of its own: opens the folder at the time it is told on
 * each line of standard input and answers with the kids and states, as JSON.
 */
const [folder = ''] = process.argv.slice(2)

process.stdin.setEncoding('utf8').on('data', async (line: string) => {
  const now = Number(line)
  const store = await openKeyStore({
    folder,
    algorithms: ['ES256', 'EdDSA'],
    retention: 3900,
    clock: () => now,
  })
  const keys = store.current().keys.map(({ kid, algorithm, state }) => ({ kid, algorithm, state }))
  const refreshTokenKey = store.current().refreshTokenKey.export().toString('hex')
  await store.close()
  process.stdout.write(`${JSON.stringify({ keys, refreshTokenKey })}\n`)
})
process.stdin.on('end', () => process.exit(0))
