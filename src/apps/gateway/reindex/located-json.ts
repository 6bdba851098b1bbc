// JSON with the place of everything in it: the servers' complaints name line and column. Accepts what their parser accepts
// (comments; anything after the end of the first value), and refuses what it refuses (names that come twice).
import { IndexferryError } from '../../../foundation/errors.ts'
import { parseExactJson } from '../../../foundation/exact-json.ts'
import type { JsonValue } from '../../../model/json.ts'

interface Located {
  /** Offsets into the text. */
  readonly at: number
  readonly end: number
}

export interface LocatedEntry {
  readonly name: string
  readonly nameAt: number
  readonly value: LocatedValue
}

export type LocatedValue = Located &
  (
    | { readonly kind: 'object'; readonly entries: readonly LocatedEntry[] }
    | { readonly kind: 'array'; readonly items: readonly LocatedValue[] }
    | { readonly kind: 'string' | 'number' | 'boolean' | 'null'; readonly value: JsonValue }
  )

export type LocatedObject = Extract<LocatedValue, { kind: 'object' }>

/** Deeper than any query a server takes (its parser allows 1000 levels), and no danger to the stack. */
const depthMax = 1000

export class NestedTooDeep extends IndexferryError {
  constructor(levels: number) {
    super('REQUEST_MALFORMED', `the body is nested deeper than ${levels} levels`, { remedy: 'Send a flatter body.' })
  }
}

/** Undefined for what is no JSON. Throws REQUEST_MALFORMED for what is deeper than servers survive: OpenSearch 2.19 ends over it. */
export function locateJson(text: string): LocatedValue | undefined {
  try {
    return new Reader(text).read(0)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** `[line:column]`, both from one, columns in bytes, as Jackson counts them. */
export function placeOf(text: string, offset: number): string {
  const before = text.slice(0, offset)
  const lines = before.split(/\r\n|\r|\n/)
  return `[${lines.length}:${Buffer.byteLength(lines.at(-1) as string) + 1}]`
}

/** The token that begins a value, as the parsers name it. */
export function tokenName({ kind, ...rest }: LocatedValue): string {
  if (kind === 'object' || kind === 'array') return `START_${kind.toUpperCase()}`
  if (kind === 'boolean') return 'VALUE_BOOLEAN'
  return 'value' in rest && rest.value === null ? 'VALUE_NULL' : `VALUE_${kind.toUpperCase()}`
}

export function plainValue(node: LocatedValue): JsonValue {
  if (node.kind === 'object')
    return Object.fromEntries(node.entries.map(({ name, value }) => [name, plainValue(value)]))
  if (node.kind === 'array') return node.items.map(plainValue)
  return node.value
}

export const entryOf = (node: LocatedValue | undefined, name: string): LocatedEntry | undefined =>
  node?.kind === 'object' ? node.entries.find((entry) => entry.name === name) : undefined

const scalar = /"[^"\\]*(?:\\.[^"\\]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y
const gap = /(?:\s+|\/\/[^\n\r]*|\/\*[\s\S]*?\*\/)*/y

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  read(depth: number): LocatedValue {
    if (depth > depthMax) throw new NestedTooDeep(depthMax)
    this.#skipGap()
    const first = this.#text[this.#at]
    if (first === '{') return this.#object(depth)
    if (first === '[') return this.#array(depth)
    return this.#scalar()
  }

  #skipGap(): void {
    gap.lastIndex = this.#at
    gap.test(this.#text)
    this.#at = gap.lastIndex
  }

  #scalar(): LocatedValue & { kind: 'string' | 'number' | 'boolean' | 'null' } {
    scalar.lastIndex = this.#at
    const source = scalar.exec(this.#text)?.[0]
    if (source === undefined) throw new SyntaxError('no value')
    const at = this.#at
    this.#at += source.length
    const value = parseExactJson(source) as JsonValue
    const kind = source === 'null' ? 'null' : source[0] === '"' ? 'string' : /^[tf]/.test(source) ? 'boolean' : 'number'
    return { kind, value, at, end: this.#at }
  }

  /** Whether the list goes on; passes over the comma or the closing bracket. */
  #goesOn(close: string, isFirst: boolean): boolean {
    this.#skipGap()
    const next = this.#text[this.#at]
    if (next === close) {
      this.#at += 1
      return false
    }
    if (isFirst) return true
    if (next !== ',') throw new SyntaxError(`neither , nor ${close}`)
    this.#at += 1
    this.#skipGap()
    return true
  }

  #array(depth: number): LocatedValue {
    const at = this.#at
    this.#at += 1
    const items: LocatedValue[] = []
    while (this.#goesOn(']', items.length === 0)) items.push(this.read(depth + 1))
    return { kind: 'array', items, at, end: this.#at }
  }

  #object(depth: number): LocatedValue {
    const at = this.#at
    this.#at += 1
    const entries: LocatedEntry[] = []
    const names = new Set<string>()
    while (this.#goesOn('}', entries.length === 0)) {
      const name = this.#scalar()
      if (name.kind !== 'string' || names.has(name.value as string)) throw new SyntaxError('no name of its own')
      names.add(name.value as string)
      this.#skipGap()
      if (this.#text[this.#at] !== ':') throw new SyntaxError('no colon')
      this.#at += 1
      entries.push({ name: name.value as string, nameAt: name.at, value: this.read(depth + 1) })
    }
    return { kind: 'object', entries, at, end: this.#at }
  }
}
