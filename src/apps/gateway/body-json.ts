// The body of an answer or of a call as JSON. A proxy may answer anything, and a caller may send anything: what is no JSON is undefined.
import { parseExactJson } from '../../foundation/exact-json.ts'
import type { JsonValue } from '../../model/json.ts'

export const parseJson = (body: Buffer): JsonValue | undefined => parsedBy(JSON.parse, body)

/** For what is printed again: numbers stay as they came. */
export const parseForPrinting = (body: Buffer): JsonValue | undefined => parsedBy(parseExactJson, body)

function parsedBy(parse: (text: string) => unknown, body: Buffer): JsonValue | undefined {
  try {
    return parse(body.toString()) as JsonValue
  } catch {
    return undefined
  }
}
