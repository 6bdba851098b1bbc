// Parameters of fields whose name or value was respelled between versions. Each function mends one field in place.
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'
import { isBefore } from './availability.ts'
import { defaultDateFormat, rewriteDateFormat } from './date-formats.ts'
import type { RewriteContext } from './rewrite-context.ts'

type Mend = (field: JsonObject, path: string, context: RewriteContext) => void

/** All of them, in an order in which none undoes another. */
export const parameterMends: readonly Mend[] = [
  mendNames,
  mendBooleans,
  mendIndex,
  mendNorms,
  mendFielddata,
  mendSimilarity,
  mendDateFormat,
  mendGeoPoint,
  mendCompletion,
  mendVector,
  mendBoost,
]

function respell(field: JsonObject, from: string, to: string): void {
  if (!(from in field)) return
  if (!(to in field)) field[to] = field[from] ?? null
  delete field[from]
}

function mendNames(field: JsonObject, path: string, { target, log }: RewriteContext): void {
  const names = isBefore(target, 2)
    ? { position_increment_gap: 'position_offset_gap' }
    : { position_offset_gap: 'position_increment_gap', index_analyzer: 'analyzer' }
  for (const [from, to] of Object.entries(names)) {
    if (!(from in field)) continue
    respell(field, from, to)
    log.changed(`${path}.${from}`, from, to, 'it was renamed')
  }
}

// Before 6.0 servers took many words for true and false, and gave them back as they were written.
const words: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  '1': true,
  false: false,
  no: false,
  off: false,
  '0': false,
}
const booleans = [
  'store',
  'doc_values',
  'include_in_parent',
  'include_in_root',
  'coerce',
  'ignore_malformed',
  'enabled',
  'eager_global_ordinals',
  'omit_norms',
  'ignore_z_value',
  'preserve_separators',
  'preserve_position_increments',
  'payloads',
  'include_in_all',
]

function mendBooleans(field: JsonObject): void {
  for (const name of booleans) {
    const value = field[name]
    if (typeof value === 'string' && value in words) field[name] = words[value] as boolean
  }
}

/** `analyzed`, `not_analyzed` and `no` before 5.0, true or false since. */
function mendIndex(field: JsonObject, path: string, { target, log }: RewriteContext): void {
  const { index, type } = field
  if (index === undefined || type === 'string') return
  const isIndexed = !(index === false || index === 'no' || index === 'false')
  const value: JsonValue | undefined = isBefore(target, 5) ? (isIndexed ? undefined : 'no') : isIndexed
  if (value === index) return
  if (value === undefined) delete field.index
  else field.index = value
  log.changed(
    `${path}.index`,
    index,
    value ?? true,
    isBefore(target, 5) ? 'it is a word before 5.0' : 'it is true or false since 5.0',
  )
}

/** `{enabled, loading}` before 5.0, true or false since; `omit_norms` in 1.x. */
function mendNorms(field: JsonObject, path: string, { target, log }: RewriteContext): void {
  if (field.omit_norms !== undefined) {
    if (field.norms === undefined) field.norms = field.omit_norms !== true
    delete field.omit_norms
  }
  const { norms } = field
  if (norms === undefined) return
  if (isBefore(target, 5)) {
    if (typeof norms === 'boolean') field.norms = { enabled: norms }
  } else if (isJsonObject(norms)) {
    const { enabled = true } = norms
    field.norms = enabled !== false && enabled !== 'false'
    log.changed(`${path}.norms`, norms, field.norms, 'it is true or false since 5.0')
  }
}

/** An object about formats before 5.0, true or false and only on text since. */
function mendFielddata(field: JsonObject, path: string, { target, log }: RewriteContext): void {
  const { fielddata } = field
  if (fielddata === undefined) return
  if (isBefore(target, 5)) {
    if (typeof fielddata === 'boolean') delete field.fielddata
    return
  }
  if (!isJsonObject(fielddata)) return
  delete field.fielddata
  const { loading, format } = fielddata
  if (loading === 'eager_global_ordinals' && field.type === 'keyword') field.eager_global_ordinals = true
  log.removed(
    `${path}.fielddata`,
    fielddata,
    format === 'doc_values' ? 'doc values are the rule since 2.0' : 'fielddata has no formats since 5.0',
  )
}

/** `default` of 1.x and 2.x is `classic` in 5 and 6, and gone since. */
function mendSimilarity(field: JsonObject, path: string, { target, log }: RewriteContext): void {
  const { similarity } = field
  const isClassic = (similarity === 'default' || similarity === 'classic') && field.type !== 'dense_vector'
  if (!isClassic && !(similarity === 'boolean' && isBefore(target, 5))) return
  const value = isBefore(target, 5) ? 'default' : isBefore(target, 7) ? 'classic' : undefined
  if (value === similarity) return
  if (value === undefined) {
    delete field.similarity
    log.removed(`${path}.similarity`, similarity, 'TF/IDF is gone; BM25 scores instead', 'warning')
  } else {
    field.similarity = value
    log.changed(`${path}.similarity`, similarity, value, 'it was renamed')
  }
}

function mendDateFormat(field: JsonObject, path: string, context: RewriteContext): void {
  if (!['date', 'date_nanos', 'date_range'].includes(String(field.type))) return
  const before = field.format
  if (typeof before !== 'string') {
    const standard = field.type === 'date' ? defaultDateFormat(context) : undefined
    if (standard) field.format = standard
    return
  }
  const seconds = field.numeric_resolution === 'seconds' && !isBefore(context.target, 2)
  const after = rewriteDateFormat(seconds ? `${before}||epoch_second` : before, context)
  if (after === before) return
  field.format = after
  context.log.changed(`${path}.format`, before, after, 'date formats are written differently there')
}

function mendGeoPoint(field: JsonObject, path: string, { target, log }: RewriteContext): void {
  if (field.type !== 'geo_point') return
  const isOld = isBefore(target, 2)
  if (isOld ? field.ignore_malformed !== true : String(field.validate) !== 'false') return
  if (isOld) {
    field.validate = false
    delete field.ignore_malformed
  } else {
    field.ignore_malformed = true
    delete field.validate
  }
  const [from, to] = isOld ? ['ignore_malformed', 'validate'] : ['validate', 'ignore_malformed']
  log.changed(
    `${path}.${from}`,
    from,
    to,
    'points out of range are let in by ignore_malformed since 2.0, by validate before',
  )
}

/** Before 5.0 a boost is part of the norms, so a field without them cannot have one: 2.x refuses each document for it. */
function mendBoost(field: JsonObject, path: string, { target, log }: RewriteContext): void {
  if (field.boost === undefined || field.type !== 'string' || !isBefore(target, 5)) return
  const hasNorms = isJsonObject(field.norms)
    ? field.norms.enabled !== false
    : (field.index ?? 'analyzed') === 'analyzed'
  if (hasNorms) return
  log.removed(`${path}.boost`, field.boost, 'fields without norms have no boost before 5.0', 'warning')
  delete field.boost
}

/** `context: {name: {…}}` before 5.0, `contexts: [{name, …}]` since. */
function mendCompletion(field: JsonObject, path: string, { source, target, log }: RewriteContext): void {
  if (field.type !== 'completion') return
  const before = isBefore(target, 5)
  if (!before && isBefore(source, 5)) {
    const reason =
      'since 5.0 documents that bring output, payload or context with a suggestion are refused; --map FIELD=disabled keeps them'
    log.changed(path, 'completion', 'completion', reason, 'warning')
  }
  if (!before && isJsonObject(field.context)) {
    const contexts = Object.entries(field.context).map(([name, context]) => ({ name, ...contextParts(context) }))
    log.changed(`${path}.context`, field.context, contexts, 'contexts are a list since 5.0')
    delete field.context
    field.contexts = contexts
  } else if (before && Array.isArray(field.contexts)) {
    const entries = field.contexts
      .filter(isJsonObject)
      .map(({ name, ...rest }) => [String(name), { ...rest, type: String(rest.type).toLowerCase() }] as const)
    log.changed(`${path}.contexts`, field.contexts, Object.fromEntries(entries), 'contexts are an object before 5.0')
    delete field.contexts
    field.context = Object.fromEntries(entries)
  }
}

// Defaults and the neighbours switch of geo contexts are gone.
function contextParts(context: JsonValue): JsonObject {
  if (!isJsonObject(context)) return {}
  const { type, path, precision } = context
  return Object.fromEntries(
    Object.entries({ type, path, precision }).filter(
      (entry): entry is [string, JsonValue] => entry[1] !== undefined && entry[1] !== null,
    ),
  )
}

/** What was the rule for vectors on the source is said, where the target has another. */
function mendVector(field: JsonObject, path: string, { source, target, log }: RewriteContext): void {
  if (field.type === 'dense_vector' && source.flavour === 'elasticsearch' && field.index === undefined) {
    const isOld = source.major * 100 + source.minor < 811
    if (isOld && target.major * 100 + target.minor >= 800) field.index = false
  }
  const { method } = field
  if (field.type !== 'knn_vector' || !isJsonObject(method) || method.engine !== 'nmslib') return
  if (target.flavour !== 'opensearch' || target.major < 3) return
  field.method = { ...method, engine: 'faiss' }
  log.changed(`${path}.method.engine`, 'nmslib', 'faiss', 'nmslib is refused since OpenSearch 3')
}
