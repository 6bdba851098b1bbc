// Compares what was planned for an index with what is there. Used when a target index exists already, and by the verification.
import type { IndexDefinition } from '../model/index-definition.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'
import { compareFields, isSameLoosely } from '../transform/definition-fit.ts'
import { flattenSettings } from '../transform/setting-paths.ts'

export interface DefinitionDifference {
  /** Dotted, as in a DefinitionChange. */
  readonly path: string
  readonly expected: JsonValue | undefined
  readonly actual: JsonValue | undefined
  /** `differs`: the index does not fit. `note`: it fits, but is not as planned. `extra`: only the index has it. */
  readonly kind: 'differs' | 'note' | 'extra'
}

export const fits = (differences: readonly DefinitionDifference[]): boolean =>
  differences.every((difference) => difference.kind !== 'differs')

export function compareDefinitions(expected: IndexDefinition, actual: IndexDefinition): DefinitionDifference[] {
  return [...compareMappings(expected, actual), ...compareSettings(expected.settings, actual.settings)]
}

function compareMappings(expected: IndexDefinition, actual: IndexDefinition): DefinitionDifference[] {
  if (expected.types.length === 0 || actual.types.length === 0) {
    return compareMapping(untyped(expected), untyped(actual), 'mappings')
  }
  return expected.types.flatMap((type) => {
    const mapping = actual.mappings[type]
    const wanted = expected.mappings[type]
    const path = `mappings.${type}`
    if (isJsonObject(mapping)) return compareMapping(isJsonObject(wanted) ? wanted : {}, mapping, path)
    // A type without a mapping comes with its first document, where the version takes several.
    const others = actual.types.length > 0
    return [{ path, expected: wanted, actual: undefined, kind: others ? ('differs' as const) : ('note' as const) }]
  })
}

/** The mapping itself, where one side has types and the other none. */
function untyped(definition: IndexDefinition): JsonObject {
  const [type] = definition.types
  const mapping = type === undefined ? definition.mappings : definition.mappings[type]
  return isJsonObject(mapping) ? mapping : {}
}

// What decides whether documents are taken and kept whole.
const rootsThatMatter = ['dynamic', '_routing', '_source', '_parent'] as const

function compareMapping(expected: JsonObject, actual: JsonObject, path: string): DefinitionDifference[] {
  const extra: string[] = []
  const properties = (mapping: JsonObject): JsonObject => (isJsonObject(mapping.properties) ? mapping.properties : {})
  const fields = compareFields(properties(expected), properties(actual), `${path}.properties`, extra)
  const roots = rootsThatMatter.flatMap((name): DefinitionDifference[] => {
    const [wanted, found] = [expected[name], actual[name]]
    if (isSameRoot(wanted, found)) return []
    return [{ path: `${path}.${name}`, expected: wanted, actual: found, kind: 'differs' }]
  })
  return [
    ...roots,
    ...fields.map((difference): DefinitionDifference => ({ ...difference, kind: 'differs' })),
    ...extra.map((at): DefinitionDifference => ({ path: at, expected: undefined, actual: undefined, kind: 'extra' })),
  ]
}

const nothing = ['true', '{}', '{"enabled":true}', '{"required":false}']

function isSameRoot(wanted: JsonValue | undefined, found: JsonValue | undefined): boolean {
  const isNothing = (value: JsonValue | undefined): boolean =>
    value === undefined || nothing.includes(typeof value === 'string' ? value : JSON.stringify(value))
  return (isNothing(wanted) && isNothing(found)) || isSameLoosely(wanted, found)
}

/** Settings on which the content or the analysis of documents rests. All others may be changed at any time and prove nothing. */
const settingsThatMatter = [/^analysis\./, /^similarity\./, /^sort\./, /^routing_partition_size$/, /^mode$/, /^knn$/]
const settingsOfNote = [/^number_of_shards$/, /^codec$/, /^mapping\./, /^max_\w+_diff$/]

function compareSettings(expected: JsonObject, actual: JsonObject): DefinitionDifference[] {
  const found = new Map(flattenSettings(actual))
  const differences: DefinitionDifference[] = []
  for (const [setting, value] of flattenSettings(expected)) {
    const matters = settingsThatMatter.some((each) => each.test(setting))
    if (!matters && !settingsOfNote.some((each) => each.test(setting))) continue
    const other = found.get(setting)
    if (isSameLoosely(value, other) || isSilentDefault(setting, value, other)) continue
    differences.push({
      path: `settings.${setting}`,
      expected: value,
      actual: other,
      kind: matters ? 'differs' : 'note',
    })
  }
  return differences
}

const isSilentDefault = (setting: string, value: JsonValue, found: JsonValue | undefined): boolean =>
  found === undefined &&
  ((setting === 'codec' && value === 'default') || (/\.type$/.test(setting) && value === 'custom'))
