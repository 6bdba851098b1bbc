// Settings as a flat list of dotted paths and values, and back.
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'

/** `{a: {b: 1}}` → `[['a.b', 1]]`. Arrays are values. A leading `index.` is taken off. */
export function flattenSettings(settings: JsonObject, prefix = ''): [string, JsonValue][] {
  const flat = Object.entries(settings).flatMap(([name, value]): [string, JsonValue][] =>
    isJsonObject(value) ? flattenSettings(value, `${prefix}${name}.`) : [[`${prefix}${name}`, value]],
  )
  return prefix ? flat : flat.map(([path, value]) => [path.replace(/^index\./, ''), value])
}

/** The reverse. Where one path is the beginning of another (`a` and `a.b`), the longer stays dotted. */
export function nestSettings(flat: Iterable<readonly [string, JsonValue]>): JsonObject {
  const nested: JsonObject = {}
  for (const [path, value] of flat) setAt(nested, path.split('.'), value)
  return nested
}

function setAt(nested: JsonObject, [name = '', ...rest]: string[], value: JsonValue): void {
  const there = nested[name]
  if (rest.length === 0) nested[name] = value
  else if (there === undefined || isJsonObject(there)) {
    const below = there ?? {}
    nested[name] = below
    setAt(below, rest, value)
  } else nested[[name, ...rest].join('.')] = value
}
