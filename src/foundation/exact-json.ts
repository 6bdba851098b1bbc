// JSON as values without changing a number: one whose text is not what JavaScript would print comes as a raw JSON value, which is
// printed again as it was.

// The types of TypeScript do not have this part of the language yet.
interface RawJson {
  rawJSON(text: string): unknown
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown
}
const json = JSON as unknown as RawJson

export const parseExactJson = (text: string): unknown =>
  json.parse(text, (_key, value, { source }) => {
    if (typeof value !== 'number' || source === undefined) return value
    return String(value) === source ? value : json.rawJSON(source)
  })

/** Also takes bigint values. Undefined for what JSON has no text for. */
export const printExactJson = (value: unknown): string | undefined =>
  JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? json.rawJSON(inner.toString()) : inner))
