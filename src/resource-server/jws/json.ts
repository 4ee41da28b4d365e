export type JsonObject = Readonly<Record<string, unknown>>

/** Bytes that are not one JSON object in UTF-8 with distinct member names. */
export class InvalidJson extends Error {
  override readonly name = 'InvalidJson'
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads a JOSE header or a claims set. RFC 7515 section 4 and RFC 7519 section 4 let a reader refuse repeated names;
 * refusing leaves no room for two readers that see two different tokens.
 *
 * @throws InvalidJson
 */
export function parseObject(bytes: Uint8Array): JsonObject {
  let text: string
  let value: unknown
  try {
    text = utf8.decode(bytes)
    value = JSON.parse(text)
  } catch (cause) {
    throw new InvalidJson('not JSON in UTF-8', { cause })
  }
  if (!isObject(value)) throw new InvalidJson('not a JSON object')
  if (repeatsName(text)) throw new InvalidJson('a member name is repeated')
  return value
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether some object in a text, known to be valid JSON, has two members of one name. */
function repeatsName(text: string): boolean {
  const open: Set<string>[] = []
  for (const [token, string, colon] of text.matchAll(/("(?:[^"\\]|\\.)*")\s*(:)?|[{}]/g)) {
    if (token === '{') open.push(new Set())
    else if (token === '}') open.pop()
    else if (string && colon) {
      const name = String(JSON.parse(string))
      const names = open.at(-1)
      if (names?.has(name)) return true
      names?.add(name)
    }
  }
  return false
}
