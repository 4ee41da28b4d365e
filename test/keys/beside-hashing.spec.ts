import { availableParallelism } from 'node:os'
import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import { algorithms } from '../../src/keys/algorithms.ts'
import { generatePrivateKey, signer } from '../../src/keys/signature.ts'
import { createPasswords } from '../../src/passwords/index.ts'

describe('signing while passwords are hashed', () => {
  it('waits for none of those in the queue, whatever the algorithm', async () => {
    const passwords = createPasswords({
      queue: 6,
      wait: 60_000,
      allowWeak: [],
      hash: { memory: 65_536, iterations: 3, parallelism: 1 },
    })
    const signers = await Promise.all(
      algorithms.map(async (algorithm) => signer(algorithm, await generatePrivateKey(algorithm))),
    )
    let hashed = 0
    const count = async (hash: Promise<string>) => {
      await hash
      hashed += 1
    }
    const hashes: Promise<void>[] = []
    while (passwords.load().waiting < 6) hashes.push(count(passwords.hash('password')))
    const { running } = passwords.load()
    // Until now they are admitted, and not begun.
    await turn()
    const before = await Promise.all(
      signers.map(async (sign) => {
        await sign(Buffer.from('a token'))
        return hashed
      }),
    )
    await Promise.all(hashes)
    expect(hashed).to.equal(running + 6)
    // In the pool's own order each of them would be among the last.
    for (const [index, algorithm] of algorithms.entries()) {
      expect(before[index], algorithm).to.be.at.most(availableParallelism())
    }
  })
})
