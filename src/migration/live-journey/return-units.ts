// The way back: the same indexes with source and target exchanged.
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import type { CopyUnit } from '../../mechanism/copy-unit.ts'
import { readIndexUuid } from '../../mechanism/prepare-target.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import type { SequencePartition } from '../../model/partition.ts'
import { openSearchSource } from '../../source/open-search-source.ts'
import { versionBatchBytes, versionsOf } from '../../source/read-versions.ts'
import { openSequenceChanges } from '../../source/sequence-changes.ts'
import { wayToFollow, whyUnfollowable } from '../open-changes.ts'
import { readSetting } from './guard-side.ts'
import type { MigrationContext } from './migration-context.ts'
import { type MigrationRecord, sidesOf, type VersionScan } from './migration-record.ts'

/** Why the new side cannot be followed back to the old one; null when it can. */
export async function whyOneWay(context: MigrationContext, units: readonly CopyUnit[]): Promise<string | null> {
  const { settings, changesDocuments, clusters, journal } = context
  const { from, to } = sidesOf(journal.record.stream)
  if (settings.oneWay) return 'it was asked for (--one-way)'
  if (changesDocuments !== undefined) return changesDocuments
  if (units.some(({ typeField, parentField, hasTypedIds }) => typeField ?? parentField ?? hasTypedIds))
    return 'mapping types are folded into the documents, which cannot be undone'
  if (units.some(({ sourceType }) => sourceType !== undefined))
    return 'mapping types of one index are divided over several indexes'
  if (units.some(({ aliasFilter }) => aliasFilter !== undefined))
    return 'the source is read through an alias with a filter, and holds documents that the target does not'
  const unfollowable = whyUnfollowable(clusters[to])
  if (unfollowable !== undefined) return unfollowable
  for (const { sourceIndex } of units) {
    const pipeline = await readSetting(clusters[from], sourceIndex, 'final_pipeline')
    // `_none` is what an index says that has had one.
    if (pipeline !== null && pipeline !== '_none') {
      return `the index ${sourceIndex} has a final pipeline, which would change documents a second time`
    }
  }
  return null
}

/** What the next stream carries. */
export async function returnUnits(context: MigrationContext, units: readonly CopyUnit[]): Promise<CopyUnit[]> {
  const { clusters, journal } = context
  const { from, to } = sidesOf(journal.record.stream)
  const returned: CopyUnit[] = []
  for (const { name, sourceIndex, targetIndex } of units) {
    returned.push({
      name,
      sourceIndex: targetIndex,
      sourceUuid: await readIndexUuid(clusters[to], targetIndex),
      targetIndex: sourceIndex,
      targetUuid: await readIndexUuid(clusters[from], sourceIndex),
      documentType: await typeOf(clusters[from], sourceIndex),
    })
  }
  return returned
}

/** The mapping type that requests must name, where there are such. */
async function typeOf(cluster: Cluster, index: string): Promise<string | undefined> {
  if (!['several', 'one'].includes(cluster.capabilities.mappingTypes)) return undefined
  const { body } = await cluster.json<JsonObject>({ method: 'GET', path: indexPath(index, '_mapping') })
  const entry = Object.values(body)[0]
  const mappings = isJsonObject(entry) && isJsonObject(entry.mappings) ? entry.mappings : {}
  // Of an index that never held a document: any name serves.
  const untyped = cluster.capabilities.mappingTypes === 'one' ? '_doc' : 'doc'
  return Object.keys(mappings).find((type) => type !== '_default_') ?? untyped
}

/**
 * What the way back writes must lie above every version that the old side gave. All of them are read once while writes go on, and what
 * was written since once more when they are stopped. Sweeps note them as they go.
 */
export async function readVersions(
  context: MigrationContext,
  units: readonly CopyUnit[],
  signal: AbortSignal,
): Promise<void> {
  const { journal, clusters, streams } = context
  const { stream, versions } = journal.record
  const { from } = sidesOf(stream)
  let scan: VersionScan = versions?.stream === stream ? versions : { stream, highest: {}, upTo: {} }
  for (const { name, sourceIndex } of units) {
    const isSwept = (await wayToFollow(clusters[from], sourceIndex)) === 'sweep'
    scan = isSwept
      ? { ...scan, highest: { ...scan.highest, [name]: streams.swept(stream, name)?.highestVersion ?? 0 } }
      : await scanIndex(clusters[from], { name, index: sourceIndex }, scan, signal)
    journal.update({ versions: scan })
  }
  refuseHighVersions(journal.record)
}

async function scanIndex(
  cluster: Cluster,
  { name, index }: { readonly name: string; readonly index: string },
  scan: VersionScan,
  signal: AbortSignal,
): Promise<VersionScan> {
  const selection = versionsOf(cluster, index)
  await using changes = await openSequenceChanges(selection)
  await using source = await openSearchSource(selection, 'sequence')
  const { shards } = await changes.look(signal)
  await changes.show(signal)
  const upTo: Record<string, number> = { ...scan.upTo[name] }
  let highest = scan.highest[name] ?? 0
  for (const { shard, safe } of shards) {
    const from = upTo[shard] ?? 0
    upTo[shard] = safe + 1
    if (from > safe) continue
    const id = `${index}/${shard}/${from}-${safe + 1}`
    const partition: SequencePartition = { kind: 'sequence', id, index, shard, from, to: safe + 1 }
    for await (const batch of source.readBatches(partition, undefined, {
      signal,
      batchBytes: () => versionBatchBytes,
    })) {
      for (let row = 0; row < batch.count; row++) highest = Math.max(highest, batch.version[row] as number)
      batch.release()
    }
    signal.throwIfAborted()
  }
  return { ...scan, highest: { ...scan.highest, [name]: highest }, upTo: { ...scan.upTo, [name]: upTo } }
}

/**
 * Above the marks that deleted documents leave for `index.gc_deletes`: their versions are not read, and are a little higher than those of
 * live documents, also where clients give versions of their own that are times.
 */
const versionMargin = 2 ** 32

export const versionBaseOf = ({ versions }: MigrationRecord, unit: string): number =>
  (versions?.highest[unit] ?? 0) + versionMargin

/**
 * Above 2^53 two numbers in a row would become the same version, and the later write would be taken for one that is there already. Versions
 * that clients give in nanoseconds are such.
 */
export function refuseHighVersions({ versions }: Pick<MigrationRecord, 'versions'>): void {
  for (const [unit, highest] of Object.entries(versions?.highest ?? {})) {
    if (highest + 2 * versionMargin <= Number.MAX_SAFE_INTEGER) continue
    const sentence = `documents of ${unit} have versions up to ${highest}, which leave no room for the versions of the way back`
    throw new IndexferryError('MIGRATION_NOT_READY', sentence, {
      remedy: 'Ask again with --one-way: then there is no way back.',
    })
  }
}
