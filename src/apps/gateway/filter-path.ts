// `filter_path` as the servers have it: names with `*`, `**` for any depth, `-` in front for what is left out; arrays are looked through.
import type { JsonObject, JsonValue } from '../../model/json.ts'
import { isRawNumber } from './print-json.ts'

type Pattern = readonly string[]

export function filterPath(value: JsonValue, filters: string): JsonValue {
  const all = filters
    .split(',')
    .map((filter) => filter.trim())
    .filter(Boolean)
  const left = patterns(all.filter((filter) => filter.startsWith('-')).map((filter) => filter.slice(1)))
  const taken = patterns(all.filter((filter) => !filter.startsWith('-')))
  let result: JsonValue | undefined = value
  if (taken.length > 0) result = include(result, taken)
  if (left.length > 0 && result !== undefined) result = exclude(result, left)
  return result ?? {}
}

/** A dot behind a backslash is a part of the name. */
const patterns = (filters: readonly string[]): Pattern[] =>
  filters.map((filter) => filter.split(/(?<!\\)\./).map((part) => part.replaceAll('\\.', '.')))

const isObject = (value: JsonValue): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value)

/** What is left of the patterns below a field of this name; an empty one has come to its end. */
function below(name: string, all: readonly Pattern[]): Pattern[] {
  return all.flatMap((pattern) => {
    const [first = '', ...rest] = pattern
    // `**` stands for no level as well.
    if (first === '**') return [pattern, ...below(name, [rest])]
    return matches(first, name) ? [rest] : []
  })
}

function matches(pattern: string, name: string): boolean {
  if (!pattern.includes('*')) return pattern === name
  const parts = pattern.split('*')
  const [first = ''] = parts
  const last = parts.at(-1) ?? ''
  if (!name.startsWith(first) || name.length < first.length + last.length || !name.endsWith(last)) return false
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at)
    if (found < 0 || found + part.length > name.length - last.length) return false
    at = found + part.length
  }
  return true
}

/** `a.**` takes all below `a`, as `a` does. */
const isAtEnd = (all: readonly Pattern[]): boolean =>
  all.some((pattern) => pattern.length === 0 || (pattern.length === 1 && pattern[0] === '**'))

/** Undefined: nothing of it is wanted. */
function include(value: JsonValue, all: readonly Pattern[]): JsonValue | undefined {
  if (Array.isArray(value)) {
    const items = (value as readonly JsonValue[]).flatMap((item) => include(item, all) ?? [])
    return items.length > 0 ? items : undefined
  }
  if (!isObject(value)) return undefined
  const kept: JsonObject = {}
  for (const [name, inner] of Object.entries(value)) {
    const rest = below(name, all)
    if (rest.length === 0) continue
    const part = isAtEnd(rest) ? inner : include(inner, rest)
    if (part !== undefined) kept[name] = part
  }
  return Object.keys(kept).length > 0 ? kept : undefined
}

/** Undefined: nothing of it is left. What was empty before goes as well, where a pattern might have reached into it. */
function exclude(value: JsonValue, all: readonly Pattern[]): JsonValue | undefined {
  if (Array.isArray(value)) {
    const items = (value as readonly JsonValue[]).flatMap((item) => exclude(item, all) ?? [])
    return items.length > 0 ? items : undefined
  }
  if (!isObject(value)) return value
  const kept: JsonObject = {}
  for (const name of Object.keys(value)) {
    const rest = below(name, all)
    if (isAtEnd(rest)) continue
    const inner = value[name] as JsonValue
    const part = rest.length === 0 ? inner : exclude(inner, rest)
    if (part !== undefined) kept[name] = part
  }
  return Object.keys(kept).length > 0 ? kept : undefined
}
