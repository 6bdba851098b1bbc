import type { JsonObject } from './json.ts'

/**
 * Mappings, settings and aliases of one index, as the APIs have them.
 * `mappings` is keyed by mapping type where the version has types (before 7.0), else it is the mapping itself.
 */
export interface IndexDefinition {
  readonly name: string
  /** The mapping types, in the order of the answer; empty where the version has none. */
  readonly types: readonly string[]
  /** With types: `{type: mapping}`. Without: the mapping (`{properties: …}`). */
  readonly mappings: JsonObject
  /** Nested form without the leading `index`: `{number_of_shards: "1", analysis: {…}, …}`. Values as the server has them (strings). */
  readonly settings: JsonObject
  readonly aliases: JsonObject
}
