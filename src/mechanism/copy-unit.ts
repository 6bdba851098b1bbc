// What one copy consists of: units, each the documents of one source index (or some of its mapping types) on their way into one
// target index.
import type { IndexDefinition } from '../model/index-definition.ts'
import type { JsonObject } from '../model/json.ts'

export interface CopyUnit {
  /** Unique within the copy: the source index, and the type where an index is split by type. */
  readonly name: string
  readonly sourceIndex: string
  /** Tells an index from another that later has the same name. */
  readonly sourceUuid: string | undefined
  readonly targetIndex: string
  /** What the target index is created with. Undefined where the target is a file. */
  readonly definition: IndexDefinition | undefined
  /** The mapping type that documents have on the target, where its version has types. */
  readonly documentType: string | undefined
  /** Only documents of these mapping types belong to the unit. */
  readonly sourceTypes: readonly string[] | undefined
  /** The filter of the alias through which the index is read. */
  readonly aliasFilter: JsonObject | undefined
  /** Set when the target is a data stream, which takes only `create`. */
  readonly dataStream: string | undefined
  /** Added to sequence numbers to make external versions; above 0 only when the target held documents before. */
  readonly versionBase: number
}
