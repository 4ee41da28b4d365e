/** Something started by a test: a server with `stop`, or a client with `close`. */
type Part = { stop(): unknown } | { close(): unknown }

/**
 * Call inside a `describe`: what is passed to the function it returns is ended after each test,
 * the last first, whether the test passed or not.
 */
export function tidied(): <T extends Part>(part: T) => T {
  const parts: Part[] = []
  afterEach(async () => {
    for (const part of parts.splice(0).reverse()) {
      await ('stop' in part ? part.stop() : part.close())
    }
  })
  return (part) => {
    parts.push(part)
    return part
  }
}
