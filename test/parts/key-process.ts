import { homeOf } from '../../src/keys/home.ts'
import { openKeyStore } from '../../src/keys/key-store.ts'
import { openState } from '../../src/state/index.ts'
import { seals } from './key-ring.ts'

/**
 * A server's share in the keys, in a process of its own: opens the ring in the folder, or in the store
 * where none is named, at each line of standard input, and answers with its kids and states, as JSON.
 */
const [url = '', folder] = process.argv.slice(2)
const state = await openState({ url })

process.stdin.setEncoding('utf8').on('data', async () => {
  const store = await openKeyStore({
    home: homeOf(folder, state),
    vault: seals(),
    records: state,
    schedule: {
      algorithms: ['ES256', 'EdDSA'],
      retention: 3900,
      publishAhead: 86_400,
      rotateEvery: 0,
    },
  })
  const keys = store.current().keys.map(({ kid, algorithm, state }) => ({ kid, algorithm, state }))
  const refreshTokenKey = store.current().refreshTokenKey.export().toString('hex')
  await store.close()
  process.stdout.write(`${JSON.stringify({ keys, refreshTokenKey })}\n`)
})
process.stdin.on('end', () => state.close().then(() => process.exit(0)))
