// What one copy consists of: units, each the documents of one source index (or some of its mapping types) on their way into one
// target index.
import type { IndexDefinition } from '../model/index-definition.ts'
import type { JsonObject } from '../model/json.ts'

/** A value of JSON, for it is kept in the catalog: a copy that goes on does what was planned when it began. */
export interface CopyUnit {
  /** Unique within the copy: the source index, and the type where an index is split by type. */
  readonly name: string
  readonly sourceIndex: string
  /** Tells an index from another that later has the same name. */
  readonly sourceUuid?: string | undefined
  readonly targetIndex: string
  /** What the target index is created with. Undefined where the source is a file, or the target is one. */
  readonly definition?: IndexDefinition | undefined
  /** The mapping type that documents have on the target, where its version has types; undefined: each has its own. */
  readonly documentType?: string | undefined
  /** Only documents of this mapping type belong to the unit. */
  readonly sourceType?: string | undefined
  /** The fields that the type and the parent of each document are written to, where the target has no place for them. */
  readonly typeField?: string | undefined
  readonly parentField?: string | undefined
  /** Ids become `TYPE#ID`: several types are merged, which may hold the same ids. */
  readonly hasTypedIds?: boolean | undefined
  /** The filter of the alias through which the index is read. */
  readonly aliasFilter?: JsonObject | undefined
  /** Set when the target is a data stream, which takes only `create`. */
  readonly dataStream?: { readonly name: string; readonly timeField: string } | undefined
  /** Added to sequence numbers to make external versions; above 0 only when the target held documents before. */
  readonly versionBase?: number | undefined
  /** The UUID of the target index once it is prepared. */
  readonly targetUuid?: string | undefined
  /** The target index was made for this copy: the cluster has answered so. */
  readonly isMade?: boolean | undefined
}
