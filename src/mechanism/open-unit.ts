// Opens what the documents of one unit pass through: source, transform and target.
import type { Cluster } from '../cluster/cluster.ts'
import type { JsonObject, JsonValue } from '../model/json.ts'
import { openNdjsonSource } from '../source/ndjson-source.ts'
import { openSearchSource } from '../source/open-search-source.ts'
import type { SearchSelection } from '../source/selection.ts'
import type { DocumentSource } from '../source/source.ts'
import { BulkTarget, type BulkTargetOptions } from '../target/bulk-target.ts'
import { openNdjsonTarget } from '../target/ndjson-target.ts'
import type { DocumentTarget } from '../target/target.ts'
import { chainTransforms } from '../transform/chain-transforms.ts'
import type { DocumentTransform } from '../transform/document-transform.ts'
import { createFieldEdits, type FieldEdits } from '../transform/field-edits.ts'
import { loadModuleTransform } from '../transform/module-transform.ts'
import { createTypeField } from '../transform/type-field.ts'
import type { CopyUnit } from './copy-unit.ts'

export type SourceSide =
  | { readonly kind: 'cluster'; readonly cluster: Cluster; readonly expression: string }
  | {
      readonly kind: 'file'
      readonly file: string
      readonly skipBrokenLines: boolean
      readonly idField?: string | undefined
    }

export type TargetSide =
  | { readonly kind: 'cluster'; readonly cluster: Cluster; readonly name: string | undefined }
  | { readonly kind: 'file'; readonly file: string; readonly overwrite: boolean }

export interface ReadingOptions {
  readonly query: JsonObject | undefined
  readonly fields: readonly string[] | undefined
  readonly readers: number
  readonly documentBytesMax: number
  readonly way?: 'sequence' | 'scroll' | 'pointInTime' | undefined
  /** Told of each fault after which a read is tried again. */
  readonly onFault?: ((error: unknown) => void) | undefined
  /** `SearchSelection.onRead`. */
  readonly onRead?: ((ms: number) => void) | undefined
}

export interface WritingOptions {
  readonly writersMax: number
  readonly bodyBytesMax: number
  /** The `resumeAt` of the checkpoint, for files. */
  readonly resumeFrom: JsonValue | undefined
  /** Without versions a write replaces whatever is there: for repairs. Default false. */
  readonly unversioned?: boolean
  /** Told of each request to a cluster. */
  readonly onRequest?: BulkTargetOptions['onRequest']
}

/** What a search for the documents of a unit looks like; also for looking single ones up. */
export function selectionOf(cluster: Cluster, unit: CopyUnit, reading: ReadingOptions): SearchSelection {
  const { sourceType, aliasFilter } = unit
  const clauses = [aliasFilter, sourceType === undefined ? undefined : { term: { _type: sourceType } }]
  const given = clauses.filter((clause) => clause !== undefined)
  return {
    cluster,
    index: unit.sourceIndex,
    query: reading.query,
    aliasFilter: given.length > 1 ? { bool: { must: given } } : given[0],
    fields: reading.fields,
    documentBytesMax: reading.documentBytesMax,
    readers: reading.readers,
    onFault: reading.onFault,
    onRead: reading.onRead,
  }
}

export function openUnitSource(side: SourceSide, unit: CopyUnit, reading: ReadingOptions): Promise<DocumentSource> {
  if (side.kind === 'cluster') return openSearchSource(selectionOf(side.cluster, unit, reading), reading.way)
  return openNdjsonSource({
    file: side.file,
    index: unit.sourceIndex,
    skipBrokenLines: side.skipBrokenLines,
    lineBytesMax: 2 * reading.documentBytesMax,
    ...(side.idField === undefined ? {} : { idField: side.idField }),
  })
}

/** Everything that changes documents on their way: the unit's own needs first, then what the user asked for. */
export async function openTransform(
  unit: CopyUnit,
  edits: FieldEdits,
  moduleFile: string | undefined,
): Promise<DocumentTransform> {
  const { typeField, parentField, hasTypedIds = false } = unit
  const typed = createTypeField({
    ...(typeField === undefined ? {} : { typeField }),
    ...(parentField === undefined ? {} : { parentField }),
    idPrefix: hasTypedIds,
  })
  const transforms = [typed, createFieldEdits(edits)]
  if (moduleFile !== undefined) transforms.push(await loadModuleTransform(moduleFile))
  return chainTransforms(transforms)
}

export async function openUnitTarget(
  side: TargetSide,
  unit: CopyUnit,
  writing: WritingOptions,
): Promise<DocumentTarget> {
  if (side.kind === 'file') {
    const { file, overwrite } = side
    return openNdjsonTarget({
      file,
      overwrite,
      index: unit.targetIndex,
      ...(writing.resumeFrom === undefined ? {} : { resumeFrom: writing.resumeFrom }),
    })
  }
  const { capabilities } = side.cluster
  const { documentType } = unit
  return new BulkTarget({
    cluster: side.cluster,
    index: unit.dataStream?.name ?? unit.targetIndex,
    documentType,
    form: {
      operation: unit.dataStream ? 'create' : 'index',
      versionBase: unit.dataStream || writing.unversioned ? undefined : (unit.versionBase ?? 0),
      sendsParent: capabilities.parentField,
      sendsType: documentType === undefined && capabilities.mappingTypes === 'several',
      sendsIndex: false,
    },
    writersMax: writing.writersMax,
    bodyBytesMax: writing.bodyBytesMax,
    onRequest: writing.onRequest,
  })
}
