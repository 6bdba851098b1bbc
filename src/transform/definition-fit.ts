// Whether documents that were written for one definition can be written to and found in another: the fields of both, compared with
// an eye for what servers add by themselves.
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'

export interface FieldDifference {
  readonly path: string
  readonly expected: JsonValue | undefined
  readonly actual: JsonValue | undefined
}

/** What a server leaves out of its answers, or fills in, where nothing was said. */
const defaults: Readonly<Record<string, readonly JsonValue[]>> = {
  enabled: [true],
  dynamic: ['true', true],
  index: [true, 'analyzed'],
  // Date and number parameters that the server spells out in some versions.
  format: ['strict_date_optional_time||epoch_millis', 'dateOptionalTime', 'strict_date_optional_time'],
  doc_values: [true],
  store: [false],
  ignore_malformed: [false],
  coerce: [true],
  include_in_parent: [false],
  include_in_root: [false],
  norms: [true, { enabled: true }],
  index_options: ['positions', 'docs'],
  payloads: [false],
  strategy: ['recursive'],
  tree: ['quadtree'],
  similarity: ['BM25'],
  eager_global_ordinals: [false],
  position_increment_gap: [100, -1],
  fielddata: [false],
  preserve_separators: [true],
  preserve_position_increments: [true],
  max_input_length: [50],
  analyzer: ['default', 'simple'],
  positive_score_impact: [true],
  orientation: ['right', 'RIGHT', 'ccw', 'counterclockwise'],
  max_shingle_size: [3],
}

/** Parameters that decide neither what is taken nor how it is found, or that the server chooses. */
const ignored = new Set([
  // Servers leave it out of their answers for numbers.
  'boost',
  'geohash_precision',
  'meta',
  'precision_step',
  'fielddata_frequency_filter',
  'split_queries_on_whitespace',
  'on_script_error',
  'index_options.type',
])

/** Types that have none; OpenSearch says so in its answers. */
const withoutDocValues = new Set(['text', 'match_only_text', 'search_as_you_type'])

const typeOf = (field: JsonObject): string => String(field.type ?? 'object')

/** Fields that only the target has are no difference: they come from documents. `extra` gets their paths. */
export function compareFields(
  expected: JsonObject,
  actual: JsonObject,
  path: string,
  extra: string[],
): FieldDifference[] {
  const differences: FieldDifference[] = []
  for (const [name, field] of Object.entries(expected)) {
    const other = lookUp(actual, name)
    const at = `${path}.${name}`
    if (!isJsonObject(field)) continue
    if (!isJsonObject(other)) differences.push({ path: at, expected: field, actual: undefined })
    else differences.push(...compareField(field, other, at, extra))
  }
  for (const name of Object.keys(actual)) {
    if (lookUp(expected, name) === undefined) extra.push(`${path}.${name}`)
  }
  return differences
}

/** `a.b` may stand as it is or as `b` in the properties of `a`. */
function lookUp(fields: JsonObject, name: string): JsonValue | undefined {
  const direct = fields[name]
  if (direct !== undefined || !name.includes('.')) return direct
  const [first = '', ...rest] = name.split('.')
  const parent = fields[first]
  if (!isJsonObject(parent) || !isJsonObject(parent.properties)) return undefined
  return lookUp(parent.properties, rest.join('.'))
}

/** What servers keep to themselves, each for its kind of field. */
function isUnspoken(name: string, type: string, expected: JsonObject, actual: JsonObject): boolean {
  // Elasticsearch 1.x has no doc values unless told to, and does not say that it was told not to.
  if (name === 'doc_values')
    return withoutDocValues.has(type) || (expected[name] === false && actual[name] === undefined)
  if (name === 'ignore_malformed') return type === 'ip'
  // What goes into the parent of a nested field at the root is in the root.
  if (name === 'include_in_root') return expected.include_in_parent === true
  // The name of `analyzer` in 1.x, where it stands beside a search analyzer.
  if (name === 'index_analyzer') return isSameLoosely(expected.analyzer, actual.index_analyzer)
  return name === 'analyzer' && actual.analyzer === undefined && isSameLoosely(expected.analyzer, actual.index_analyzer)
}

function compareField(expected: JsonObject, actual: JsonObject, path: string, extra: string[]): FieldDifference[] {
  const [type, other] = [typeOf(expected), typeOf(actual)]
  if (type !== other) return [{ path: `${path}.type`, expected: type, actual: other }]
  const differences: FieldDifference[] = []
  for (const name of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    if (name === 'type' || name === 'properties' || name === 'fields' || ignored.has(name)) continue
    if (isUnspoken(name, type, expected, actual)) continue
    const [wanted, found] = [expected[name], actual[name]]
    if (!isSameValue(name, wanted, found))
      differences.push({ path: `${path}.${name}`, expected: wanted, actual: found })
  }
  for (const below of ['properties', 'fields'] as const) {
    const [wanted, found] = [expected[below], actual[below]]
    if (!isJsonObject(wanted) && !isJsonObject(found)) continue
    differences.push(
      ...compareFields(isJsonObject(wanted) ? wanted : {}, isJsonObject(found) ? found : {}, `${path}.${below}`, extra),
    )
  }
  return differences
}

function isSameValue(name: string, wanted: JsonValue | undefined, found: JsonValue | undefined): boolean {
  if (wanted === undefined || found === undefined) {
    const said = wanted === undefined ? found : wanted
    // A search analyzer that is the analyzer again, an empty object and a default say nothing.
    return isDefault(name, said)
  }
  // Elasticsearch answers with the types of contexts in capitals.
  if (name === 'contexts') return isSameLoosely(lowerCase(wanted), lowerCase(found))
  return isSameLoosely(wanted, found)
}

const lowerCase = (value: JsonValue): JsonValue => JSON.parse(JSON.stringify(value).toLowerCase()) as JsonValue

const isDefault = (name: string, value: JsonValue | undefined): boolean =>
  (isJsonObject(value) && Object.keys(value).length === 0) ||
  (defaults[name] ?? []).some((each) => isSameLoosely(each, value)) ||
  name === 'search_analyzer' ||
  name === 'search_quote_analyzer'

/** Numbers and booleans may come back as text and the other way round; one value and a list of one are the same. */
export function isSameLoosely(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true
  if (a === undefined || b === undefined) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    const [first, second] = [Array.isArray(a) ? a : [a], Array.isArray(b) ? b : [b]]
    return first.length === second.length && first.every((each, position) => isSameLoosely(each, second[position]))
  }
  if (isJsonObject(a) && isJsonObject(b)) {
    // A server may answer with more than it was told (index_options of vectors), never with less.
    return Object.entries(a).every(([key, value]) => isSameLoosely(value, b[key]))
  }
  if (isJsonObject(a) || isJsonObject(b)) return false
  return String(a) === String(b) || isSameNumber(a, b)
}

const isSameNumber = (a: JsonValue, b: JsonValue): boolean =>
  a !== '' && b !== '' && Number.isFinite(Number(a)) && Number(a) === Number(b)
