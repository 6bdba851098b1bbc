// JSON, YAML and CBOR as the servers print them.
import { encode } from 'cborg'
import { Document, isScalar, Scalar, visit } from 'yaml'
import { printExactJson } from '../../foundation/exact-json.ts'
import type { JsonObject, JsonValue } from '../../model/json.ts'

/** A number that keeps its text (foundation/exact-json.ts) is an object of JavaScript. */
export const isRawNumber = (value: unknown): value is { readonly rawJSON: string } =>
  (JSON as unknown as { isRawJSON(value: unknown): boolean }).isRawJSON(value)

export const printCompact = (value: JsonValue): string => printExactJson(value) ?? 'null'

/** `?pretty`: `"name" : value`, `{ }` and `[ ]`, two spaces, a line break at the end. */
export const printPretty = (value: JsonValue): string => `${pretty(value, '')}\n`

function pretty(value: JsonValue, indent: string): string {
  if (typeof value !== 'object' || value === null || isRawNumber(value)) return printCompact(value)
  const inner = `${indent}  `
  const isList = Array.isArray(value)
  const [open, close] = isList ? '[]' : '{}'
  const parts = isList
    ? (value as readonly JsonValue[]).map((item) => pretty(item, inner))
    : printed(value as JsonObject).map(([name, item]) => `${JSON.stringify(name)} : ${pretty(item, inner)}`)
  if (parts.length === 0) return `${open} ${close}`
  return `${open}\n${parts.map((part) => inner + part).join(',\n')}\n${indent}${close}`
}

/** JSON knows no undefined. */
const printed = (value: JsonObject): [string, JsonValue][] =>
  Object.entries(value).filter(([, item]) => (item as JsonValue | undefined) !== undefined)

/** Names that a reader of YAML might take for a number, a date or a word of its own. */
const readsAsOther = /^(?:[-+.~\d]|$|(?:y|n|yes|no|on|off|true|false|null)$)/i

/** Names plain, texts in quotation marks, lists not indented. */
export function printYaml(value: JsonValue): string {
  const document = new Document(plain(value, yamlNumber))
  visit(document, {
    Pair: (_, { key }) => {
      if (isScalar(key) && readsAsOther.test(String(key.value))) key.type = 'QUOTE_DOUBLE'
    },
  })
  const text = document.toString({
    singleQuote: true,
    defaultStringType: 'QUOTE_DOUBLE',
    defaultKeyType: 'PLAIN',
    doubleQuotedAsJSON: true,
    indentSeq: false,
    lineWidth: 0,
    flowCollectionPadding: false,
  })
  return `---\n${text}`
}

/** Names in the order in which they stand in JSON. */
export const printCbor = (value: JsonValue): Buffer =>
  Buffer.from(encode(plain(value, numberOf), { mapSorter: () => 0 }))

/** Without numbers that keep their text. */
function plain(value: JsonValue, number: (text: string) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (isRawNumber(value)) return number(value.rawJSON)
  if (Array.isArray(value)) return value.map((item) => plain(item, number))
  return Object.fromEntries(printed(value as JsonObject).map(([name, item]) => [name, plain(item, number)]))
}

/** Whole ones as such, others as the nearest that JavaScript has. */
const numberOf = (text: string): number | bigint => (/^-?\d+$/.test(text) ? BigInt(text) : Number(text))

/** `-1.0` stays a number with a fraction. */
function yamlNumber(text: string): unknown {
  const fraction = /^-?\d+\.(\d+)$/.exec(text)?.[1]
  if (fraction === undefined) return numberOf(text)
  const scalar = new Scalar(Number(text))
  scalar.minFractionDigits = fraction.length
  return scalar
}
