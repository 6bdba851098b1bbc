// Values as the servers' own code reads and prints them.
import { printExactJson } from '../../../foundation/exact-json.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../model/json.ts'
import { illegalArgument, refuse, type ServerCause } from './refused-call.ts'

/** Java's toString of what a parsed value becomes: `{a=1, b=[x, y]}`. */
export function javaText(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(javaText).join(', ')}]`
  if (typeof value === 'string') return value
  if (!isJsonObject(value) || isRaw(value)) return printExactJson(value) ?? 'null'
  return `{${hashOrder(value)
    .map(([name, inner]) => `${name}=${javaText(inner)}`)
    .join(', ')}}`
}

/** A number that keeps its text (foundation/exact-json.ts) is an object of the language's own kind. */
export const isRaw = (value: unknown): boolean =>
  (JSON as unknown as { isRawJSON(value: unknown): boolean }).isRawJSON(value)

export const isPlainObject = (value: JsonValue | undefined): value is JsonObject => isJsonObject(value) && !isRaw(value)

export const numberFormat = (text: string, isFloat = false): ServerCause => ({
  type: 'number_format_exception',
  reason: text === '' && isFloat ? 'empty String' : `For input string: "${text}"`,
})

/** XContentParser.intValue: takes numbers as strings, cuts off fractions. Throws the cause. */
export function intOf(value: JsonValue): number {
  const text = typeof value === 'string' ? value.trim() : javaText(value)
  const number = floatOf(text)
  if (number === undefined) throw refuse(numberFormat(text, true))
  const whole = Math.trunc(number)
  if (whole >= -(2 ** 31) && whole < 2 ** 31) return whole
  const reason = `Numeric value (${text}) out of range of int (-2147483648 - 2147483647)`
  throw refuse({ type: 'input_coercion_exception', reason })
}

/** Integer.parseInt of a URL parameter; undefined for what is none. */
export function parseInt32(text: string): number | undefined {
  const number = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN
  return number >= -(2 ** 31) && number < 2 ** 31 ? number : undefined
}

/** Float.parseFloat, without hexadecimal ones. */
export function floatOf(text: string): number | undefined {
  const match = /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|([+-]?)Infinity)[fd]?\s*$/i.exec(text)
  if (!match) return undefined
  return match[2] === undefined ? Number(match[1]) : match[2] === '-' ? -Infinity : Infinity
}

const units: readonly (readonly [suffix: string, ms: number])[] = [
  ['nanos', 1e-6],
  ['micros', 1e-3],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]

/** TimeValue.parseTimeValue, in milliseconds. */
export function parseTime(written: string, setting: string): number {
  const text = written.toLowerCase().trim()
  const unit = units.find(([suffix]) => text.endsWith(suffix))
  // A month is no unit: the letter has to be small.
  if (unit && !(unit[0] === 'm' && written.trim().endsWith('M'))) {
    const digits = text.slice(0, -unit[0].length).trim()
    if (/^[+-]?\d+$/.test(digits)) return Number(digits) * unit[1]
    const fractional = floatOf(digits) !== undefined
    const reason = `failed to parse [${written}]${fractional ? ', fractional time values are not supported' : ''}`
    throw refuse(illegalArgument(reason, numberFormat(digits)))
  }
  if (/^-0*1$/.test(text)) return -1
  if (/^0+$/.test(text)) return 0
  const reason = `failed to parse setting [${setting}] with value [${written}] as a time value: unit is missing or unrecognized`
  throw refuse(illegalArgument(reason))
}

/** TimeValue.toString: the greatest unit that fits, with one digit behind the point, cut off. */
export function printTime(ms: number): string {
  const unit = [...units].reverse().find(([, size]) => ms >= size)
  if (ms === 0 || !unit) return ms < 0 ? String(ms) : '0s'
  const [suffix, size] = unit
  const tenths = Math.floor((ms / size) * 10 + 1e-9)
  return `${tenths % 10 === 0 ? tenths / 10 : (tenths / 10).toFixed(1)}${suffix}`
}

/** Float.toString: the shortest text that leads back to the same float, with a digit behind the point. */
export function printFloat(value: number): string {
  const float = Math.fround(value)
  if (!Number.isFinite(float)) return float > 0 ? 'Infinity' : '-Infinity'
  let shortest = String(float)
  for (let digits = 1; digits <= 9; digits++) {
    const text = float.toPrecision(digits)
    if (Math.fround(Number(text)) !== float) continue
    shortest = text
    break
  }
  const size = Math.abs(float)
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) {
    const [mantissa = '', exponent = ''] = Number(shortest).toExponential().split('e')
    return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`
  }
  const plain = String(Number(shortest))
  return plain.includes('.') ? plain : `${plain}.0`
}

/** The order of a HashMap, in which the servers keep and print what was sent to them. */
export function hashOrder(object: JsonObject): [string, JsonValue][] {
  const entries = Object.entries(object)
  let capacity = 16
  while (entries.length > capacity * 0.75) capacity *= 2
  const bucketOf = ([name]: [string, JsonValue]): number => {
    const hash = stringHash(name)
    return (hash ^ (hash >>> 16)) & (capacity - 1)
  }
  return entries
    .map((entry) => ({ entry, bucket: bucketOf(entry) }))
    .sort((a, b) => a.bucket - b.bucket)
    .map(({ entry }) => entry)
}

/** String.hashCode. */
function stringHash(text: string): number {
  let hash = 0
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0
  return hash
}

/** The same value, printed in the servers' order. */
export function inHashOrder(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(inHashOrder)
  if (!isPlainObject(value)) return value
  return Object.fromEntries(hashOrder(value).map(([name, inner]) => [name, inHashOrder(inner)]))
}
