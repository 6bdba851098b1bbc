// One field of a mapping, with everything below it, for the target's version.
import { isJsonObject, type JsonObject } from '../model/json.ts'
import { everywhere, isAvailable, isBefore } from './availability.ts'
import { rewriteDynamic } from './dynamic-values.ts'
import { fieldTypes, type Replacement } from './field-types.ts'
import { parameterRules } from './mapping-parameters.ts'
import { parameterMends } from './parameter-values.ts'
import type { RewriteContext } from './rewrite-context.ts'
import { stringAsTextOrKeyword, textOrKeywordAsString } from './string-fields.ts'

/** Where a field is: `path` for reports, `name` for `--map`. */
export interface FieldPlace {
  readonly path: string
  readonly name: string
  readonly isMultiField?: boolean
}

/** The field for the target; undefined when it is to be left out. */
export function rewriteField(field: JsonObject, place: FieldPlace, context: RewriteContext): JsonObject | undefined {
  const wanted = wantedField(field, place, context)
  if (wanted !== undefined) return wanted === 'out' ? undefined : wanted
  const made = rewriteType(field, place, context)
  if (!made) return undefined
  for (const mend of parameterMends) mend(made, place.path, context)
  if ('dynamic' in made) rewriteDynamic(made, place.path, context)
  dropParameters(made, place, context)
  rewriteBelow(made, place, context)
  return made
}

/** What `--map` says about this field, by its path or by its type. */
function wantedField(field: JsonObject, place: FieldPlace, context: RewriteContext): JsonObject | 'out' | undefined {
  const { map = {} } = context.options
  const ofType = `*.${String(field.type ?? 'object')}`
  const key = place.name in map ? place.name : ofType
  const wanted = map[key]
  if (wanted === undefined) return undefined
  context.usedMaps.add(key)
  if (wanted === '-') {
    context.log.removed(place.path, field, 'asked for with --map')
    return 'out'
  }
  const made = typeof wanted === 'string' ? fieldOfType(wanted) : wanted
  context.log.changed(place.path, field, made, 'asked for with --map')
  return made
}

const fieldOfType = (type: string): JsonObject => (type === 'disabled' ? { type: 'object', enabled: false } : { type })

function rewriteType(field: JsonObject, place: FieldPlace, context: RewriteContext): JsonObject | undefined {
  const { target, log } = context
  const type = String(field.type ?? 'object')
  const isOldTarget = isBefore(target, 5)
  if (type === 'string' ? !isOldTarget : isOldTarget && (type === 'text' || type === 'keyword')) {
    const change = type === 'string' ? stringAsTextOrKeyword(field) : textOrKeywordAsString(field)
    log.changed(`${place.path}.type`, type, change.field.type ?? null, change.reason)
    for (const name of change.lost) {
      log.removed(
        `${place.path}.${name}`,
        field[name] ?? null,
        `${String(change.field.type)} fields have no ${name}`,
        name === 'null_value' ? 'warning' : 'note',
      )
    }
    return change.field
  }
  const known = fieldTypes[type]
  if (!known || isAvailable(known.in, target)) return { ...field }
  const replacement = known.instead.find((each) => isAvailable(fieldTypes[each.type]?.in ?? everywhere, target))
  if (!replacement) {
    log.removed(place.path, field, `the target has no fields of type ${type}`, 'warning')
    return undefined
  }
  const made = standIn(field, replacement)
  const reason = `the target has no type ${type}: ${replacement.consequence}`
  log.changed(`${place.path}.type`, type, made.type ?? null, reason, replacement.severity ?? 'warning')
  // Text and keywords need another name before 5.0.
  return isOldTarget && (made.type === 'text' || made.type === 'keyword') ? textOrKeywordAsString(made).field : made
}

function standIn(field: JsonObject, replacement: Replacement): JsonObject {
  if (replacement.make) return replacement.make(field)
  const along = replacement.add?.enabled === false ? [] : ['copy_to', 'fields', 'meta', ...(replacement.keep ?? [])]
  const kept = Object.entries(field).filter(([name]) => along.includes(name))
  return { type: replacement.type, ...replacement.add, ...Object.fromEntries(kept) }
}

function dropParameters(field: JsonObject, place: FieldPlace, context: RewriteContext): void {
  const { target, log } = context
  const type = String(field.type ?? 'object')
  for (const rule of parameterRules) {
    if (!(rule.parameter in field) || isAvailable(rule.in, target)) continue
    if (rule.types ? !rule.types.includes(type) : rule.except?.includes(type)) continue
    log.removed(`${place.path}.${rule.parameter}`, field[rule.parameter] ?? null, rule.reason, rule.severity ?? 'note')
    delete field[rule.parameter]
  }
  if (place.isMultiField && 'copy_to' in field && !isBefore(target, 2)) {
    log.removed(`${place.path}.copy_to`, field.copy_to ?? null, 'multi-fields copy nowhere since 2.0', 'warning')
    delete field.copy_to
  }
  if (place.isMultiField && 'fields' in field && target.flavour === 'elasticsearch' && target.major >= 8) {
    log.removed(
      `${place.path}.fields`,
      field.fields ?? null,
      'multi-fields have none of their own since 8.0',
      'warning',
    )
    delete field.fields
  }
}

function rewriteBelow(field: JsonObject, place: FieldPlace, context: RewriteContext): void {
  for (const key of ['properties', 'fields'] as const) {
    const children = field[key]
    if (!isJsonObject(children)) continue
    const isMultiField = key === 'fields'
    const placeAt = { path: `${place.path}.${key}`, name: place.name, isMultiField }
    field[key] = rewriteFields(children, placeAt, context)
  }
}

export function rewriteFields(fields: JsonObject, place: FieldPlace, context: RewriteContext): JsonObject {
  const made: JsonObject = {}
  for (const [name, field] of Object.entries(fields)) {
    if (!isJsonObject(field)) continue
    const at = {
      path: `${place.path}.${name}`,
      name: place.name ? `${place.name}.${name}` : name,
      ...(place.isMultiField ? { isMultiField: true } : {}),
    }
    const rewritten = rewriteField(field, at, context)
    if (rewritten) made[name] = rewritten
  }
  return made
}
