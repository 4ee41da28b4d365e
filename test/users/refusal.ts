/** The error a promise is rejected with; throws when it is not. */
export async function refusal(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if ('error' in outcome) return outcome.error
  throw new Error(`not refused: ${JSON.stringify(outcome.value)}`)
}
