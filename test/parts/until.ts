import { setTimeout as pause } from 'node:timers/promises'

/** Asks again until `seen` accepts the answer; gives up after `deadline` milliseconds. */
export async function until<T>(
  ask: () => Promise<T> | T,
  seen: (answer: T) => boolean,
  deadline = 10_000,
): Promise<T> {
  const end = performance.now() + deadline
  for (;;) {
    const answer = await ask()
    if (seen(answer)) return answer
    if (performance.now() > end) {
      throw new Error(
        `not seen within ${deadline} ms; the last answer was ${JSON.stringify(answer)}`,
      )
    }
    await pause(20)
  }
}
