// Mapping types: which target indexes the types of a source index go to, and with which mapping.
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'
import { isBefore } from './availability.ts'
import type { RewriteContext } from './rewrite-context.ts'
import { percolatorMapping, rewriteMapping } from './rewrite-mapping.ts'
import { isSameJson } from './same-json.ts'

export interface TypedPart {
  readonly nameSuffix: string
  readonly sourceTypes: readonly string[] | undefined
  /** The mapping types of the target, `undefined` for an index without types. */
  readonly types: readonly string[]
  readonly documentType: string | undefined
  readonly mappings: JsonObject
  readonly typeField: string | undefined
  readonly parentField: string | undefined
}

/** The mapping of one source type, already in the target's words. */
interface TypeMapping {
  readonly type: string
  readonly mapping: JsonObject
  readonly hasParent: boolean
}

/** The type of documents without one: versions before 6.0 refuse a leading underscore, 6.x recommends `_doc`. */
const untypedName = (context: RewriteContext): string => (isBefore(context.target, 6) ? 'doc' : '_doc')

/** A name that the target takes for a type: 6.x takes any but those that begin with an underscore. */
const typeName = (type: string, context: RewriteContext): string => (/^[_.]/.test(type) ? untypedName(context) : type)

export function planTypes(types: readonly string[], mappings: JsonObject, context: RewriteContext): TypedPart[] {
  if (types.length === 0) return [planUntyped(mappings, context)]
  if (isBefore(context.target, 6)) return [keepTypes(types, mappings, context)]
  const real = types.filter((type) => type !== '_default_')
  if (real.length < types.length) {
    context.log.removed('mappings._default_', mappings._default_ ?? null, 'there is no mapping for new types since 6.0')
  }
  const rewritten = real.map((type) => rewriteType(type, mappings[type], context))
  const [only] = rewritten
  if (rewritten.length > 1) return planSeveral(rewritten, context)
  return [only ? part('', [only], only.mapping, context) : part('', [], {}, context)]
}

function planUntyped(mappings: JsonObject, context: RewriteContext): TypedPart {
  const mapping = rewriteMapping(mappings, 'mappings', context)
  return { ...part('', [], mapping, context), sourceTypes: undefined }
}

function keepTypes(types: readonly string[], mappings: JsonObject, context: RewriteContext): TypedPart {
  const kept = types.filter((type) => !(type === '.percolator' && !isBefore(context.target, 5)))
  const made = kept.map((type) => {
    const mapping = mappings[type]
    const name = type === '_doc' ? typeName(type, context) : type
    return [name, isJsonObject(mapping) ? rewriteMapping(mapping, `mappings.${type}`, context) : {}] as const
  })
  if (kept.length < types.length) {
    made.push(['percolator', percolatorMapping({}, context)])
    context.log.changed(
      'mappings..percolator',
      '.percolator',
      'percolator',
      'queries are fields of type percolator since 5.0',
      'warning',
    )
  }
  const real = made.map(([type]) => type).filter((type) => type !== '_default_')
  return {
    nameSuffix: '',
    sourceTypes: types,
    types: made.map(([type]) => type),
    // Documents keep the type that they come with, unless there is only one.
    documentType: real.length === 1 ? real[0] : undefined,
    mappings: Object.fromEntries(made),
    typeField: undefined,
    parentField: undefined,
  }
}

function rewriteType(type: string, mapping: unknown, context: RewriteContext): TypeMapping {
  const { log, options } = context
  const path = `mappings.${type}`
  const raw = isJsonObject(mapping) ? mapping : {}
  const { _parent: parent, ...others } = raw
  // A type with parents demands routing, which each child has; without the parent there is nothing to demand it for.
  const { _routing: routing, ...unrouted } = others
  const rest = parent === undefined || routing === undefined ? others : unrouted
  let made = rewriteMapping(rest, path, context)
  if (type === '.percolator') made = percolatorMapping(made, context)
  if (parent === undefined) return { type, mapping: made, hasParent: false }
  const field = options.parentField ?? 'parent_id'
  log.changed(
    `${path}._parent`,
    parent,
    { [field]: { type: 'keyword' } },
    `there is no _parent since 6.0; the id of the parent goes into the field ${field}, and has_child and has_parent queries do not work`,
    'warning',
  )
  // A child must be routed like its parent to lie beside it; a copy keeps the routing of each document.
  return { type, mapping: withField(made, field, { type: 'keyword' }, path, context), hasParent: true }
}

function withField(
  mapping: JsonObject,
  name: string,
  field: JsonObject,
  path: string,
  { log }: RewriteContext,
): JsonObject {
  const properties = isJsonObject(mapping.properties) ? mapping.properties : {}
  if (name in properties && !isSameJson(properties[name], field)) {
    log.problem(
      `${path}.properties.${name}`,
      `the field ${name} is there already, with another meaning`,
      'Choose another name with --type-field or --parent-field.',
    )
  }
  return { ...mapping, properties: { ...properties, [name]: field } }
}

function planSeveral(types: readonly TypeMapping[], context: RewriteContext): TypedPart[] {
  const { log, options } = context
  const names = types.map(({ type }) => type).join(', ')
  const reason = `the index has the types ${names}, and the target takes one`
  if (options.types === 'split') {
    log.changed(
      'mappings',
      [...types.map(({ type }) => type)],
      'split',
      `${reason}: each goes into an index of its own`,
    )
    return types.map((each) => part(`-${indexSuffix(each.type)}`, [each], each.mapping, context))
  }
  if (options.types !== 'merge') {
    log.problem(
      'mappings',
      reason,
      'Choose --types split (one index for each type, INDEX-TYPE) or --types merge (one index with the type in a field).',
    )
  }
  const typeField = options.typeField ?? 'type'
  log.changed(
    'mappings',
    [...types.map(({ type }) => type)],
    'merge',
    `${reason}: all go into one index, with the type in the field ${typeField}`,
  )
  const merged = withField(mergeMappings(types, context), typeField, { type: 'keyword' }, 'mappings', context)
  return [{ ...part('', types, merged, context), typeField }]
}

/** Index names are lower case and begin with no underscore or dot, which types may. */
const indexSuffix = (type: string): string => type.toLowerCase().replace(/^[._+-]+/, '')

function mergeMappings(types: readonly TypeMapping[], context: RewriteContext): JsonObject {
  const merged: JsonObject = {}
  for (const { type, mapping } of types) {
    for (const [name, value] of Object.entries(mapping)) {
      const there = merged[name]
      if (there === undefined) merged[name] = value
      else if (name === 'properties' && isJsonObject(there) && isJsonObject(value)) {
        merged[name] = mergeFields(there, value, `mappings.${type}.properties`, context)
      } else if (name === 'dynamic_templates' && Array.isArray(there) && Array.isArray(value)) {
        merged[name] = [...there, ...value.filter((each) => !there.some((known) => isSameJson(known, each)))]
      }
    }
  }
  return { ...merged, ...mergeRoots(types, context) }
}

/** What a type has that says nothing about a switch. */
const unsaid: JsonObject = {
  dynamic: 'true',
  _routing: {},
  _source: {},
  date_detection: true,
  numeric_detection: false,
}

/** Switches in which the types differ: the freer one, because the stricter one would refuse documents of the other type. */
function mergeRoots(types: readonly TypeMapping[], { log }: RewriteContext): JsonObject {
  const merged: JsonObject = {}
  const names = new Set(types.flatMap(({ mapping }) => Object.keys(mapping)))
  for (const name of names) {
    if (name === 'properties' || name === 'dynamic_templates') continue
    const values = types.map(({ mapping }) => mapping[name] ?? unsaid[name] ?? null)
    const [first = null] = values
    if (values.every((value) => isSameJson(value, first))) continue
    merged[name] = freest(name, values)
    if (name === '_source') {
      log.problem('mappings._source', 'the types keep different parts of _source', 'Use --types split.')
    } else
      log.changed(`mappings.${name}`, values, merged[name] ?? null, 'the types of the index differ in it', 'warning')
  }
  return merged
}

function freest(name: string, values: readonly JsonValue[]): JsonValue {
  if (name === '_routing') return { required: false }
  if (name !== 'dynamic') return values.find((value) => value !== null) ?? null
  const order = ['true', 'runtime', 'false', 'strict']
  return values.toSorted((a, b) => order.indexOf(String(a)) - order.indexOf(String(b)))[0] ?? null
}

function mergeFields(a: JsonObject, b: JsonObject, path: string, context: RewriteContext): JsonObject {
  const merged: JsonObject = { ...a }
  for (const [name, field] of Object.entries(b)) {
    const there = merged[name]
    if (there === undefined) merged[name] = field
    else if (isJsonObject(there) && isJsonObject(field))
      merged[name] = mergeField(there, field, `${path}.${name}`, context)
  }
  return merged
}

function mergeField(a: JsonObject, b: JsonObject, path: string, context: RewriteContext): JsonObject {
  const typeA = String(a.type ?? 'object')
  const typeB = String(b.type ?? 'object')
  if (typeA !== typeB) {
    context.log.problem(
      path,
      `it is ${typeA} in one mapping type and ${typeB} in another`,
      `Use --types split, or give the field one type with --map ${path.replace(/^mappings\.[^.]*\.properties\./, '').replaceAll('.properties.', '.')}=TYPE.`,
    )
    return a
  }
  const merged: JsonObject = { ...b, ...a }
  for (const key of ['properties', 'fields'] as const) {
    const [first, second] = [a[key], b[key]]
    if (isJsonObject(first) && isJsonObject(second)) merged[key] = mergeFields(first, second, `${path}.${key}`, context)
  }
  const differing = Object.keys({ ...a, ...b }).filter(
    (key) => key !== 'properties' && key !== 'fields' && !isSameJson(a[key], b[key]),
  )
  if (differing.length)
    context.log.changed(path, b, merged, `the types of the index differ in ${differing.join(', ')}`, 'warning')
  return merged
}

function part(
  nameSuffix: string,
  types: readonly TypeMapping[],
  mapping: JsonObject,
  context: RewriteContext,
): TypedPart {
  const { target, log, options } = context
  const hasTypes = isBefore(target, 7)
  const [only] = types
  const documentType = hasTypes
    ? only && types.length === 1
      ? typeName(only.type, context)
      : untypedName(context)
    : undefined
  if (only && types.length === 1 && documentType !== only.type && only.type !== '_doc') {
    log.changed(
      `mappings.${only.type}`,
      only.type,
      documentType ?? null,
      hasTypes
        ? `types whose name begins with a sign are called ${documentType}`
        : 'there are no mapping types since 7.0',
    )
  }
  return {
    nameSuffix,
    sourceTypes: types.map(({ type }) => type),
    types: documentType ? [documentType] : [],
    documentType,
    mappings: documentType ? { [documentType]: mapping } : mapping,
    typeField: undefined,
    parentField: types.some(({ hasParent }) => hasParent) ? (options.parentField ?? 'parent_id') : undefined,
  }
}
