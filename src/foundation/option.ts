// Options are declared once, as data, in the options.ts of the room that they belong to. The flags, the environment variables, the
// help and docs/options.md come from these declarations (config/gather-options.ts).
import { parseByteSize, parseCount, parseDuration, parseShare } from './quantity.ts'

/** The commands that take options. */
export type CommandName =
  | 'copy'
  | 'follow'
  | 'assess'
  | 'verify'
  | 'status'
  | 'throttle'
  | 'pause'
  | 'forget'
  | 'serve'
  | 'config'
  | 'object'
  | 'snapshot'
  | 'migrate'
  | 'resume'
  | 'cut-over'
  | 'reverse'
  | 'complete'
  | 'abort'

/** How the text of a value is read. */
export interface ValueType<Value> {
  readonly name: 'flag' | 'text' | 'count' | 'bytes' | 'duration' | 'share' | 'choice' | 'pair' | 'json' | 'special'
  /** Stands for the value in the help, as in `--query JSON`. */
  readonly placeholder: string
  /** Completes "which is not …": `a size such as 5mb`. */
  readonly expects: string
  /** Undefined when the text is not such a value. Pure. */
  readonly parse: (text: string) => Value | undefined
}

interface OptionSpec<Value> {
  /** The first sentence is the help of the flag; all of it stands in docs/options.md. */
  readonly help: string
  readonly commands: readonly CommandName[]
  /** Overrides the placeholder of the type. */
  readonly placeholder?: string
  /** A whole value, as the user would write it. */
  readonly example?: string
  /** One letter. */
  readonly short?: string
  /** What the default is, where the help or the code decides it. */
  readonly defaultText?: string
  /** What is wrong with a value of the right type, completing "--flag …"; undefined when it is good. */
  readonly check?: (value: Value) => string | undefined
  readonly changeable?: 'before start' | 'while running'
  /** The value may hold a secret: it is not shown again in `status`. */
  readonly sensitive?: boolean
}

/** `given`: once on the command line, several times, or (secrets) only by environment variable and file. */
export interface Option<Value = unknown> extends OptionSpec<unknown> {
  readonly type: ValueType<unknown>
  readonly given: 'once' | 'repeatedly' | 'secretly'
  readonly default: Value
  readonly sensitive: boolean
  readonly changeable: 'before start' | 'while running'
}

/** The options of one room; the keys are their names in camel case. */
export type OptionTable = Readonly<Record<string, Option>>

/** The values that a table of options gives. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Key in keyof Table]: Table[Key] extends Option<infer Value> ? Value : never
}

// Functions of a narrower value are stored as functions of any: only `parse` of the same option feeds its `check`.
const declare = <Value>(
  type: ValueType<never> | ValueType<unknown>,
  spec: OptionSpec<never>,
  given: Option['given'],
  byDefault: Value,
): Option<Value> => ({
  sensitive: given === 'secretly',
  changeable: 'before start',
  ...(spec as OptionSpec<unknown>),
  type: type as ValueType<unknown>,
  given,
  default: byDefault,
})

/** An option without a default: undefined when it is not given. */
export const option = <Value>(type: ValueType<Value>, spec: OptionSpec<Value>): Option<Value | undefined> =>
  declare<Value | undefined>(type, spec, 'once', undefined)

export const optionWithDefault = <Value>(
  type: ValueType<Value>,
  byDefault: Value,
  spec: OptionSpec<Value>,
): Option<Value> => declare<Value>(type, spec, 'once', byDefault)

/** A switch; off unless given. */
export const flag = (spec: OptionSpec<boolean>): Option<boolean> => declare<boolean>(flagType, spec, 'once', false)

/** May be given several times; an empty list when it is not. */
export const repeatable = <Value>(type: ValueType<Value>, spec: OptionSpec<Value>): Option<readonly Value[]> =>
  declare<readonly Value[]>(type, spec, 'repeatedly', [])

/**
 * A password, key or token. It is taken from the environment or from a file (`--…-file`), never from the command line itself:
 * command lines are seen by every user of the machine (`ps`) and end in shell histories.
 */
export const secret = (spec: OptionSpec<string>): Option<string | undefined> =>
  declare<string | undefined>(text, spec, 'secretly', undefined)

const flagWords = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['on', true],
  ['false', false],
  ['0', false],
  ['no', false],
  ['off', false],
])

const flagType: ValueType<boolean> = {
  name: 'flag',
  placeholder: '',
  expects: 'true or false',
  parse: (value) => flagWords.get(value.toLowerCase()),
}

export const text: ValueType<string> = {
  name: 'text',
  placeholder: 'TEXT',
  expects: 'a text that is not empty',
  parse: (value) => (value === '' ? undefined : value),
}

/** The name of a file; the room that uses it reads it. */
export const fileName: ValueType<string> = { ...text, placeholder: 'FILE', expects: 'the name of a file' }

export const count: ValueType<number> = {
  name: 'count',
  placeholder: 'N',
  expects: 'a whole number such as 500, 10k or 1_000_000',
  parse: parseCount,
}

export const byteSize: ValueType<number> = {
  name: 'bytes',
  placeholder: 'SIZE',
  expects: 'a size such as 500kb, 5mb or 1GiB',
  parse: parseByteSize,
}

export const duration: ValueType<number> = {
  name: 'duration',
  placeholder: 'TIME',
  expects: 'a time with its unit such as 500ms, 30s or 5m',
  parse: parseDuration,
}

export const share: ValueType<number> = {
  name: 'share',
  placeholder: 'PART',
  expects: 'a part such as 10% or 0.1',
  parse: parseShare,
}

export const choice = <Word extends string>(...words: readonly Word[]): ValueType<Word> => ({
  name: 'choice',
  placeholder: words.join('|'),
  expects: `one of ${words.join(', ')}`,
  parse: (value) => words.find((word) => word === value),
})

/** A JSON object, kept as its text. */
export const jsonObject: ValueType<string> = {
  name: 'json',
  placeholder: 'JSON',
  expects: 'a JSON object such as {"term":{"status":"live"}}',
  parse: (value) => {
    try {
      const parsed: unknown = JSON.parse(value)
      return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? value : undefined
    } catch {
      return undefined
    }
  },
}

/** `left=right`, cut at the first `=`; neither side may be empty. */
export const pair = (placeholder: string, example: string): ValueType<readonly [string, string]> => ({
  name: 'pair',
  placeholder,
  expects: `of the form ${placeholder}, such as ${example}`,
  parse: (value) => {
    const cut = value.indexOf('=')
    return cut > 0 && cut < value.length - 1 ? [value.slice(0, cut), value.slice(cut + 1)] : undefined
  },
})

/** A header of HTTP. */
export const header: ValueType<readonly [string, string]> = {
  name: 'pair',
  placeholder: 'NAME: VALUE',
  expects: 'a header such as "X-Tenant: blue"',
  parse: (value) => {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n]*)$/.exec(value)
    return match ? [match[1] as string, match[2] as string] : undefined
  },
}

/** A check of numbers: both bounds are allowed values. */
export const between =
  (least: number, most: number, format: (value: number) => string = String) =>
  (value: number): string | undefined =>
    value >= least && value <= most ? undefined : `must be between ${format(least)} and ${format(most)}`
