/** Runs never overlap: however often it is called during one, one more follows. `run` must not throw. */
export function oneAtATime(run: () => Promise<void>): () => void {
  let running = false
  let again = false
  return async function start() {
    again = running
    if (running) return
    running = true
    await run()
    running = false
    if (again) start()
  }
}
