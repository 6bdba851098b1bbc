// Date formats: names that were respelled, Joda patterns (indexes created before Elasticsearch 7.0) and those of java.time.
import { isBefore } from './availability.ts'
import { isJodaSource, isJodaTarget, type RewriteContext } from './rewrite-context.ts'

/** The format of a date field, or of dynamic_date_formats, for the target. Undefined when there is nothing to say. */
export function rewriteDateFormat(format: string, context: RewriteContext): string {
  const parts = splitFormat(format).map((part) => rewriteOne(part, context))
  const isFromOne = 'es' in context.created && context.created.es < 2
  // Before 2.0 a JSON number in a date field was milliseconds, whatever the format.
  if (isFromOne && !isBefore(context.target, 2) && !parts.includes('epoch_millis') && !parts.includes('epoch_second')) {
    parts.push('epoch_millis')
  }
  const known = isBefore(context.target, 2) ? parts.filter((part) => !part.startsWith('epoch_')) : parts
  return [...new Set(known)].join('||') || 'dateOptionalTime'
}

/** What a date field without a format takes, where it differs from what the target would take. */
export function defaultDateFormat(context: RewriteContext): string | undefined {
  const from = 'es' in context.created && context.created.es < 2 ? 'date_optional_time||epoch_millis' : strictDefault
  const to = isBefore(context.target, 2) ? 'dateOptionalTime' : strictDefault
  return from === to || isBefore(context.target, 2) ? undefined : from
}

const strictDefault = 'strict_date_optional_time||epoch_millis'

/** `||` separates formats; inside quotes it would be text, but no server allows it there either. */
const splitFormat = (format: string): string[] => format.split('||').map((part) => part.trim())

function rewriteOne(format: string, context: RewriteContext): string {
  if (namedFormat.test(format)) return rewriteName(format, context)
  // 6.7 and 6.8 take java.time patterns when an 8 stands before them.
  const isJavaTime = format.startsWith('8')
  const isTooOld = isJavaTime && isJodaTarget(context) && !takesJavaTime(context)
  if (isJodaSource(context) === isJodaTarget(context) && !isTooOld) return format
  if (isJodaSource(context) && !isTooOld) return isJavaTime ? format.slice(1) : replaceLetters(format, jodaToJava)
  if (takesJavaTime(context) && /[uXV]/.test(unquoted(format))) return isJavaTime ? format : `8${format}`
  return replaceLetters(isJavaTime ? format.slice(1) : format, javaToJoda)
}

const takesJavaTime = ({ target }: RewriteContext): boolean => target.major === 6 && target.minor >= 7

const namedFormat = /^(strict|basic|date|year|epoch|hour|time|t_|week|ordinal|iso|dateO|local)[A-Za-z_0-9]*$/

// Camel case is refused by Elasticsearch 8 and later; snake case is known to all.
function rewriteName(name: string, context: RewriteContext): string {
  const snake = name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase()
  if (isBefore(context.target, 2)) {
    return snake === 'iso8601' ? 'date_optional_time' : snake.replace(/^strict_/, '').replace(/_nanos$/, '')
  }
  if (isBefore(context.target, 7)) {
    return snake === 'iso8601' ? 'strict_date_optional_time' : snake.replace(/_nanos$/, '')
  }
  return snake
}

/** Outside quotes only. A run of one letter is replaced as a whole: the number of letters carries the meaning. */
function replaceLetters(format: string, replace: (run: string) => string): string {
  return format
    .split(/('[^']*')/)
    .map((part) => (part.startsWith("'") ? part : part.replace(/([A-Za-z])\1*/g, replace)))
    .join('')
}

const unquoted = (format: string): string => format.replace(/'[^']*'/g, '')

// Joda: Y year of era, x week year, Z +0100, ZZ +01:00, ZZZ zone id. java.time gives all of these letters another meaning.
function jodaToJava(run: string): string {
  const letter = run[0]
  if (letter === 'Y') return 'y'.repeat(run.length)
  if (letter === 'x') return 'Y'.repeat(run.length)
  if (letter === 'Z') return run.length === 1 ? 'XX' : run.length === 2 ? 'XXX' : 'VV'
  return run
}

function javaToJoda(run: string): string {
  const letter = run[0]
  if (letter === 'u') return 'y'.repeat(run.length)
  if (letter === 'Y') return 'x'.repeat(run.length)
  if (letter === 'X' || letter === 'x') return run.length >= 3 ? 'ZZ' : 'Z'
  if (letter === 'V') return 'ZZZ'
  return run
}
