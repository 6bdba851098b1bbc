// What becomes of an index definition on the way to another version: the result of planDefinition.
import type { IndexDefinition } from '../model/index-definition.ts'
import type { JsonObject, JsonValue } from '../model/json.ts'

export interface DefinitionOptions {
  /** What becomes of several mapping types where the target allows one or none. */
  readonly types?: 'split' | 'merge' | undefined
  /** The field that holds the type after `merge`. Default `type`. */
  readonly typeField?: string | undefined
  /** The keyword field that holds the id of the parent where `_parent` is gone. Default `parent_id`. */
  readonly parentField?: string | undefined
  /** Field path, or `*.TYPE` for all fields of a source type → type, whole mapping, `disabled`, or `-` to leave the field out. */
  readonly map?: Readonly<Record<string, string | JsonObject>> | undefined
  /** Setting, without `index.` → value; null leaves it out. */
  readonly set?: Readonly<Record<string, JsonValue>> | undefined
  /** Aliases that lead writes to the source's index lead none to the target's. */
  readonly readOnlyAliases?: boolean | undefined
  readonly shards?: number | undefined
  readonly replicas?: number | undefined
  /** Stands instead of the source's mappings: a mapping, or `{mappings, settings}`. */
  readonly mappings?: JsonObject | undefined
  /** The name of the target index. Default: that of the source. */
  readonly name?: string | undefined
}

export interface DefinitionPlan {
  /** Usually one; several when types are split. */
  readonly targets: readonly PlannedIndex[]
  readonly changes: readonly DefinitionChange[]
  /** Each makes a copy refuse to start. */
  readonly problems: readonly DefinitionProblem[]
}

export interface PlannedIndex {
  readonly name: string
  readonly definition: IndexDefinition
  /** The mapping type of documents on the target, where it has types. */
  readonly documentType: string | undefined
  /** The source types that go here; undefined where the source has none. */
  readonly sourceTypes: readonly string[] | undefined
  /** The field that documents get their source type written to. */
  readonly typeField: string | undefined
  /** The field that documents get the id of their parent written to. */
  readonly parentField: string | undefined
}

export interface DefinitionChange {
  /** Dotted: `mappings.properties.comment`, `settings.analysis.filter.x`, `aliases.recent`. */
  readonly path: string
  readonly action: 'changed' | 'removed' | 'added'
  readonly from?: JsonValue
  readonly to?: JsonValue
  readonly reason: string
  /** A warning says that something works differently or no longer; a note only that it is written differently. */
  readonly severity: 'note' | 'warning'
}

export interface DefinitionProblem {
  readonly path: string
  readonly reason: string
  readonly remedy: string
}
