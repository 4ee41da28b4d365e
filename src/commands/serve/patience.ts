/** Milliseconds for which a connection without a request may still bring one, once the server ends. */
export const linger = 500

/** Milliseconds for requests under way, after which the process ends without them. */
const patience = 10_000

/** Throws when `closing` takes longer than anybody should wait. */
export async function inTime(closing: Promise<void>): Promise<void> {
  const late = new Promise<never>((_, reject) => {
    const message = `requests were still under way after ${patience / 1000} seconds`
    setTimeout(() => reject(new Error(message)), patience).unref()
  })
  await Promise.race([closing, late])
}
