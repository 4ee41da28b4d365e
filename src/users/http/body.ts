const largest = 65_536

/** The JSON of a response. Throws on what is compressed, too large or no JSON. */
export async function readBody(response: Response): Promise<unknown> {
  const encoding = response.headers.get('content-encoding') ?? 'identity'
  if (encoding !== 'identity') {
    await response.body?.cancel()
    throw new Error('the answer is compressed')
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > largest) throw new Error(`the answer has more than ${largest} bytes`)
    chunks.push(chunk)
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)))
  } catch {
    throw new Error('the answer is not JSON')
  }
}
