// What has to be told an index that has one definition so that it has another: only what differs, in the form that the servers take.
import type { IndexDefinition } from '../model/index-definition.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'
import { isSameJson } from './same-json.ts'
import { flattenSettings } from './setting-paths.ts'

/** The part of a definition that changes while an index lives. */
export type CarriedParts = Pick<IndexDefinition, 'types' | 'mappings' | 'settings' | 'aliases'>

export interface DefinitionDelta {
  /** For each mapping type (`undefined`: the index has none) what is new or different. */
  readonly mappings: readonly { readonly type: string | undefined; readonly mapping: JsonObject }[]
  /** Dotted setting → its new value; null where it is no longer set. */
  readonly settings: ReadonlyMap<string, JsonValue>
  /** Alias → its new parameters; null where it is gone. */
  readonly aliases: ReadonlyMap<string, JsonValue>
}

export function definitionDelta(before: CarriedParts, after: CarriedParts): DefinitionDelta {
  return {
    mappings: mappingsDelta(before, after),
    settings: changes(new Map(flattenSettings(before.settings)), new Map(flattenSettings(after.settings))),
    aliases: changes(new Map(Object.entries(before.aliases)), new Map(Object.entries(after.aliases))),
  }
}

function changes(before: ReadonlyMap<string, JsonValue>, after: ReadonlyMap<string, JsonValue>) {
  const changed = new Map<string, JsonValue>()
  for (const [name, value] of after) if (!isSameJson(before.get(name), value)) changed.set(name, value)
  for (const name of before.keys()) if (!after.has(name)) changed.set(name, null)
  return changed
}

function mappingsDelta(before: CarriedParts, after: CarriedParts): DefinitionDelta['mappings'] {
  const types = after.types.length > 0 ? after.types : [undefined]
  return types.flatMap((type) => {
    const mapping = mappingDelta(mappingOf(before, type), mappingOf(after, type))
    return mapping ? [{ type, mapping }] : []
  })
}

function mappingOf({ mappings }: CarriedParts, type: string | undefined): JsonObject {
  const mapping = type === undefined ? mappings : mappings[type]
  return isJsonObject(mapping) ? mapping : {}
}

/** What takes the place of a part of the mapping that is gone; other parts stay as they are once they were said. */
const taken: Readonly<Record<string, JsonValue>> = { dynamic_templates: [], _meta: {} }

function mappingDelta(before: JsonObject, after: JsonObject): JsonObject | undefined {
  const delta: JsonObject = {}
  for (const [name, value] of Object.entries(after)) {
    if (isSameJson(before[name], value)) continue
    if (name === 'properties') {
      const fields = fieldsDelta(objectOr(before.properties), objectOr(value))
      if (Object.keys(fields).length > 0) delta.properties = fields
    } else if (name === 'runtime') delta.runtime = runtimeDelta(objectOr(before.runtime), objectOr(value))
    else delta[name] = value
  }
  for (const name of Object.keys(before)) {
    if (name in after) continue
    if (name === 'runtime') delta.runtime = runtimeDelta(objectOr(before.runtime), {})
    else if (taken[name] !== undefined) delta[name] = taken[name]
  }
  return Object.keys(delta).length > 0 ? delta : undefined
}

const runtimeDelta = (before: JsonObject, after: JsonObject): JsonObject =>
  Object.fromEntries(changes(new Map(Object.entries(before)), new Map(Object.entries(after))))

/**
 * Fields that are new or different. A field is always told as a whole, or a server would take what is left out for its default and refuse
 * the change; of an object only the fields below it that differ. Fields never go.
 */
function fieldsDelta(before: JsonObject, after: JsonObject): JsonObject {
  const delta: JsonObject = {}
  for (const [name, field] of Object.entries(after)) {
    const known = before[name]
    if (isSameJson(known, field)) continue
    if (!isJsonObject(field) || !isJsonObject(known) || !isJsonObject(field.properties)) delta[name] = field
    else {
      const { properties, ...own } = field
      delta[name] = { ...own, properties: fieldsDelta(objectOr(known.properties), objectOr(properties)) }
    }
  }
  return delta
}

const objectOr = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {})
