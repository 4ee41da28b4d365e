import { openState } from '../../src/state/index.ts'
import { login } from './login.ts'

/** Opens families until the store cannot hold more, and prints which it acknowledged. */
const [url = ''] = process.argv.slice(2)
const state = await openState({ url })
const acknowledged: string[] = []
let refusal = ''
while (refusal === '' && acknowledged.length < 1000) {
  const family = login({ claims: { ballast: 'x'.repeat(5000) } })
  try {
    await state.openFamily(family)
    acknowledged.push(family.id)
  } catch (error) {
    refusal = error instanceof Error ? error.name : 'unknown'
  }
}
process.stdout.write(JSON.stringify({ acknowledged, refusal }))
