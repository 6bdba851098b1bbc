// Compares what a copy made with what it was made from, index by index.
import type { Cluster } from '../cluster/cluster.ts'
import { IndexferryError } from '../foundation/errors.ts'
import type { CopyUnit } from '../mechanism/copy-unit.ts'
import {
  openTransform,
  openUnitSource,
  type ReadingOptions,
  type SourceSide,
  selectionOf,
  type TargetSide,
} from '../mechanism/open-unit.ts'
import { indexExists } from '../mechanism/prepare-target.ts'
import { formatVersion } from '../model/cluster-version.ts'
import { JoinedSource } from '../source/joined-source.ts'
import { openNdjsonSource } from '../source/ndjson-source.ts'
import { shownSelection } from '../source/open-search-source.ts'
import { readDefinition } from '../source/read-definition.ts'
import { resolveIndexes } from '../source/resolve-indexes.ts'
import type { SearchSelection } from '../source/selection.ts'
import type { DocumentSource } from '../source/source.ts'
import { openWholeIndexSource } from '../source/stored-order-source.ts'
import type { FieldEdits } from '../transform/field-edits.ts'
import { ClusterLookup } from '../verify/cluster-lookup.ts'
import { compareDefinitions, type DefinitionDifference } from '../verify/compare-definitions.ts'
import type { ComparedSide } from '../verify/read-side.ts'
import type { ComparedSides } from '../verify/scan-buckets.ts'

export interface VerifySides {
  readonly source: SourceSide
  readonly target: TargetSide
  readonly reading: ReadingOptions
  readonly edits: FieldEdits
  readonly transformModule: string | undefined
}

/** What is compared as one: a unit, or all units that went into one data stream. */
export interface ComparedGroup {
  readonly name: string
  readonly target: string
  readonly units: readonly CopyUnit[]
}

export function groupUnits(units: readonly CopyUnit[]): ComparedGroup[] {
  const groups = Map.groupBy(units, (unit) => unit.dataStream?.name ?? unit.name)
  return [...groups].map(([name, members]) => {
    const first = members[0] as CopyUnit
    return {
      name: first.dataStream ? name : first.name,
      target: first.dataStream?.name ?? first.targetIndex,
      units: members,
    }
  })
}

/** Opens both sides of a group; the target must be there. */
export async function openGroup(group: ComparedGroup, sides: VerifySides): Promise<ComparedSides> {
  return { source: await openSourceSide(group, sides), target: await openTargetSide(group, sides) }
}

async function openSourceSide(group: ComparedGroup, sides: VerifySides): Promise<ComparedSide> {
  const { source, reading, edits, transformModule } = sides
  const first = group.units[0] as CopyUnit
  const transform = await openTransform(first, edits, transformModule)
  if (source.kind === 'file') {
    const description = { name: source.file, index: first.sourceIndex }
    return { description, source: await openUnitSource(source, first, reading), transform }
  }
  const sources = new Map<string, DocumentSource>()
  for (const unit of group.units) {
    const whole = selectionOf(source.cluster, unit, reading)
    sources.set(unit.sourceIndex, await openWholeIndexSource(whole, reading.way))
  }
  const selection = selectionOf(source.cluster, first, reading)
  const index = [...sources.keys()].join(',')
  // A transform that makes new ids, or a module that may, leaves no way from a target's id to the source's document.
  const keepsIds = !first.hasTypedIds && transformModule === undefined
  return {
    description: describe(source.cluster, index),
    source: join(sources),
    transform,
    lookup: keepsIds ? new ClusterLookup(await shownSelection({ ...selection, index })) : undefined,
  }
}

const describe = (cluster: Cluster, index: string) => ({
  name: cluster.name,
  version: formatVersion(cluster.version),
  index,
})

const join = (sources: ReadonlyMap<string, DocumentSource>): DocumentSource =>
  sources.size === 1 ? (sources.values().next().value as DocumentSource) : new JoinedSource(sources)

async function openTargetSide(group: ComparedGroup, { target, reading }: VerifySides): Promise<ComparedSide> {
  const first = group.units[0] as CopyUnit
  if (target.kind === 'file') {
    const source = await openNdjsonSource({
      file: target.file,
      index: first.targetIndex,
      lineBytesMax: 2 * reading.documentBytesMax,
    })
    return { description: { name: target.file, index: first.targetIndex }, source }
  }
  const { cluster } = target
  const names = first.dataStream ? await backingIndexes(cluster, group.target) : [group.target]
  if (!first.dataStream && !(await indexExists(cluster, group.target))) {
    throw new IndexferryError('INDEX_MISSING', `the target ${cluster.name} has no index ${group.target}`, {
      side: 'target',
      remedy: 'Copy it first, or give the same --rename as for the copy.',
      fields: { index: group.target },
    })
  }
  const selection: SearchSelection = {
    cluster,
    index: names.join(','),
    documentBytesMax: reading.documentBytesMax,
    readers: reading.readers,
  }
  const sources = new Map<string, DocumentSource>()
  for (const index of names) sources.set(index, await openWholeIndexSource({ ...selection, index }))
  const lookup = new ClusterLookup(await shownSelection(selection))
  return { description: describe(cluster, group.target), source: join(sources), lookup }
}

async function backingIndexes(cluster: Cluster, dataStream: string): Promise<string[]> {
  return (await resolveIndexes(cluster, dataStream)).map(({ name }) => name)
}

/** The target's definition against what was planned; nothing where there is nothing to compare. */
export async function compareGroupDefinitions(
  group: ComparedGroup,
  { target }: VerifySides,
): Promise<DefinitionDifference[]> {
  const first = group.units[0] as CopyUnit
  if (target.kind === 'file' || !first.definition || first.dataStream) return []
  return compareDefinitions(first.definition, await readDefinition(target.cluster, group.target))
}
