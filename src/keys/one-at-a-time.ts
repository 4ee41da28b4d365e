/** Calls during a run make one more run after it. */
export function oneAtATime(run: () => Promise<void>) {
  let running: Promise<void> | undefined
  let again = false
  const start = () => {
    again = running !== undefined
    running ??= run().finally(() => {
      running = undefined
      if (again) start()
    })
  }
  const settled = async () => {
    while (running) await running
  }
  return Object.assign(start, { settled })
}
