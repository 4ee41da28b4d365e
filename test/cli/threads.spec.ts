import { availableParallelism } from 'node:os'
import { expect } from 'chai'
import { latchkey } from './command.ts'

const printed = `--import=data:text/javascript,console.error(process.env.UV_THREADPOOL_SIZE)`

describe("bin/latchkey and libuv's pool", () => {
  const threads = async (environment: Record<string, string> = {}) => {
    const { stderr } = await latchkey(['--version'], {
      environment: { NODE_OPTIONS: printed, ...environment },
    })
    // The first to say it is the look at the version of Node.
    return Number(stderr.trim().split('\n').at(-1))
  }

  it('has half of it for names, and in the other half a thread for each processor and two more', async () => {
    const size = await threads()
    expect(size).to.be.at.most(64)
    expect(Math.floor(size / 2)).to.be.at.least(Math.min(availableParallelism() + 2, 32))
  })

  it('is as large as the operator says', async () => {
    expect(await threads({ UV_THREADPOOL_SIZE: '7' })).to.equal(7)
  })
})
