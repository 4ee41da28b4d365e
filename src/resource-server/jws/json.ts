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
  if (repeatsName(text, value)) throw new InvalidJson('a member name is repeated')
  return value
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The same, with all that is in it frozen. Without recursion, as below. */
export function frozen(document: JsonObject): JsonObject {
  const open: unknown[] = [document]
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value === 'object' && value !== null)
      open.push(...Object.values(Object.freeze(value)))
  }
  return document
}

/**
 * Whether some object in a text, known to be valid JSON, has two members of one name: outside of strings there is one
 * colon per member, and of members with one name only one was kept.
 */
function repeatsName(text: string, value: unknown): boolean {
  const colons = text.replace(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1
  return colons !== countMembers(value)
}

/** Without recursion, as nesting is the sender's choice. */
function countMembers(document: unknown): number {
  let count = 0
  const open = [document]
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue
    const members = Object.values(value)
    if (!Array.isArray(value)) count += members.length
    open.push(...members)
  }
  return count
}
