// The first half of a cycle: register, take the snapshot, move its objects.
import { IndexferryError } from '../../foundation/errors.ts'
import { createSnapshot, partialError } from '../../mechanism/snapshot/create-snapshot.ts'
import { registerRepository } from '../../mechanism/snapshot/register-repository.ts'
import { findSnapshot, readSnapshot, type SnapshotFacts } from '../../mechanism/snapshot/snapshot-facts.ts'
import { checkSnapshotName } from '../../mechanism/snapshot/snapshot-names.ts'
import type { ObjectLocation } from '../../model/object-location.ts'
import { MoveJournal } from '../../objectstore/move-journal.ts'
import { type MoveResult, moveObjects } from '../../objectstore/move-objects.ts'
import { listDataStreams } from '../../source/data-streams.ts'
import { resolveIndexes } from '../../source/resolve-indexes.ts'
import { blockWrites } from './block-writes.ts'
import { checkNames } from './check-names.ts'
import { chosenIndexes } from './chosen-indexes.ts'
import { type JourneyContext, type JourneyStores, updateCycle } from './journey-context.ts'
import type { JourneySide, StorePlan } from './journey-plan.ts'

export async function registerBoth(context: JourneyContext): Promise<void> {
  const { plan, source, target, note } = context
  await refuseDataStreams(context)
  await checkNames(context)
  await checkStores(context)
  const registered = await registerRepository(source, {
    repository: plan.source.repository.name,
    definition: plan.source.repository,
    replace: plan.source.repository.replace,
    verify: true,
    moved: comparablePlace(plan.source),
    writes: true,
    note,
  })
  note(`source: repository ${registered.repository} (${registered.place}) ${registered.outcome}`)
  const { repository } = plan.target
  const other = await registerRepository(target, {
    repository: repository.name,
    definition: { type: repository.type, settings: readingSettings(plan.target) },
    replace: repository.replace,
    // Where nothing was moved yet, there is no repository that could be read.
    verify: false,
    moved: comparablePlace(plan.target),
    note,
  })
  note(`target: repository ${other.repository} (${other.place}) ${other.outcome}`)
}

/** A bucket or a key that is wrong is told before a snapshot is taken. A folder may come with the first snapshot. */
async function checkStores({ plan, stores, signal }: JourneyContext): Promise<void> {
  for (const side of ['source', 'target'] as const) {
    const location = plan[side].store?.location
    if (!stores || !location || location.kind === 'folder') continue
    await stores[side].list(location.prefix, signal)[Symbol.asyncIterator]().next()
  }
}

/**
 * The target only reads: a cluster that may write keeps in mind which state of the repository was its own last one, and takes the next
 * that is moved there for damage (Elasticsearch 7.6 and newer, OpenSearch).
 */
const readingSettings = ({ repository }: JourneySide) => ({ readonly: 'true', ...repository.settings })

/** Undefined where the nodes reach the objects in another way than indexferry, so that their addresses say nothing. */
export function comparablePlace({ repository, store }: JourneySide): ObjectLocation | undefined {
  if (!store) return undefined
  const isFolder = store.location.kind === 'folder'
  return isFolder === (repository.type === 'fs') ? store.location : undefined
}

/** So often the last snapshot is taken anew because the source made indexes meanwhile. */
const lastSnapshotsMax = 3

export async function takeSnapshot(context: JourneyContext): Promise<void> {
  const { plan, journal, note } = context
  let late: readonly string[] = []
  for (let attempt = 1; ; attempt++) {
    const facts = await takeOnce(context, late)
    late = journal.record.cycle.isLast && plan.cutOver.blockWrites ? madeLate(context, facts) : []
    if (late.length === 0) return
    updateCycle(context, { snapshot: null })
    const told = `the source made ${late.join(', ')} after writes were blocked`
    if (attempt >= lastSnapshotsMax) {
      throw new IndexferryError(
        'MIGRATION_GROWS',
        `${told}, so that the snapshot ${facts.name} cannot be the last one`,
        {
          side: 'source',
          fields: { index: late[0] ?? null },
        },
      )
    }
    note(`${told}: the last snapshot is taken again`)
  }
}

/** `late`: to be blocked besides what the plan names, which leaves hidden indexes out. */
async function takeOnce(context: JourneyContext, late: readonly string[]): Promise<SnapshotFacts> {
  const { plan, source, journal, note, signal, onProgress } = context
  // Again, because somebody may have taken the block away while nobody was here; new indexes get one, too.
  if (journal.record.cycle.isLast && plan.cutOver.blockWrites) await blockWrites(context, late)
  await refuseDataStreams(context)
  // Servers take a snapshot without an index that is not there, and then nothing could be restored from it.
  if (journal.record.cycle.snapshot === null) await resolveIndexes(source, plan.indices, { signal })
  const snapshot = await snapshotName(context)
  const facts = await createSnapshot(source, {
    repository: plan.source.repository.name,
    snapshot,
    wish: {
      indices: plan.indices,
      includeGlobalState: plan.snapshot.globalState,
      partial: plan.snapshot.partial,
    },
    busyMsMax: plan.snapshot.busyMsMax,
    signal,
    note,
    onProgress: (progress) => onProgress({ kind: 'snapshot', progress }),
  })
  if (facts.state === 'PARTIAL' && !plan.snapshot.partial) throw partialError(source, facts)
  updateCycle(context, { uuid: facts.uuid, snapshotStartMs: facts.startMs, snapshotEndMs: facts.endMs })
  note(`snapshot ${snapshot}: ${facts.indexes.length} indexes, ${facts.shards.successful} shards`)
  return facts
}

/**
 * A stream is restored whole under its name, and from the second cycle on over what is there: its write index would have to be closed,
 * which servers refuse (Elasticsearch 7.10, OpenSearch: "Cannot close the following data stream write indices").
 */
async function refuseDataStreams({ plan, source, signal }: JourneyContext): Promise<void> {
  const streams = await listDataStreams(source, signal)
  if (streams.length === 0) return
  const indexes = await resolveIndexes(source, plan.indices, { signal })
  const names = [...new Set(indexes.flatMap(({ dataStream }) => (dataStream ? [dataStream.name] : [])))]
  const [name] = names
  if (name === undefined) return
  throw new IndexferryError(
    'MIGRATION_DATA_STREAM',
    `the source ${source.name} has ${names.length === 1 ? `the data stream ${name}` : `the data streams ${names.join(', ')}`} among what the plan names`,
    {
      side: 'source',
      remedy: `Leave it out with indices: "${plan.indices},-${name}" and carry it with indexferry copy, or restore it once with indexferry snapshot restore.`,
      fields: { dataStream: name },
    },
  )
}

const namesMax = 1000

/**
 * A name that no snapshot has, noted before it is used: what has it later is ours. One that failed keeps its name, and the next try
 * gets another.
 */
async function snapshotName(context: JourneyContext): Promise<string> {
  const { plan, source, journal } = context
  const { cycle } = journal.record
  const repository = plan.source.repository.name
  const find = (name: string) => findSnapshot(source, repository, name)
  if (cycle.snapshot !== null) {
    const state = (await find(cycle.snapshot))?.state
    if (state === undefined || state === 'IN_PROGRESS' || state === 'SUCCESS') return cycle.snapshot
    if (state === 'PARTIAL' && plan.snapshot.partial) return cycle.snapshot
  }
  const wanted = plan.snapshot.name.replaceAll('{cycle}', cycle.isLast ? 'final' : String(cycle.number))
  checkSnapshotName(wanted)
  for (let attempt = 1; attempt <= namesMax; attempt++) {
    const name = attempt === 1 ? wanted : `${wanted}-${attempt}`
    if (await find(name)) continue
    updateCycle(context, { snapshot: name })
    return name
  }
  throw new IndexferryError('SNAPSHOT_EXISTS', `the repository ${repository} has ${namesMax} snapshots ${wanted}-…`, {
    side: 'source',
    remedy: 'Give the snapshots of the plan another name.',
  })
}

/** Indexes that appeared between the block and the snapshot: they could still be written to. Only those that will be restored count. */
function madeLate({ plan, journal }: JourneyContext, { name, indexes }: SnapshotFacts): string[] {
  const blocked = new Set(journal.record.blocks.map(({ index }) => index))
  return chosenIndexes(plan.indices, indexes, `the snapshot ${name}`).filter((index) => !blocked.has(index))
}

export async function moveSnapshot(context: JourneyContext): Promise<void> {
  const { stores, plan } = context
  if (stores && plan.source.store && plan.target.store) {
    await move(context, stores, plan.source.store, plan.target.store)
  }
  await requireMoved(context)
}

async function move(
  context: JourneyContext,
  stores: JourneyStores,
  { location: from }: StorePlan,
  { location: to }: StorePlan,
): Promise<void> {
  const { plan, stateFolder, signal, note, onProgress } = context
  using journal = MoveJournal.open(stateFolder, stores.source.placeOf(from.prefix), stores.target.placeOf(to.prefix))
  const result = await moveObjects({
    source: stores.source,
    target: stores.target,
    sourcePrefix: from.prefix,
    targetPrefix: to.prefix,
    journal,
    skip: 'size and time',
    deleteExtra: false,
    transfers: plan.move.transfers,
    partSize: plan.move.partSize,
    bytesPerSecond: plan.move.bytesPerSecond,
    serverSide: 'auto',
    rounds: plan.move.rounds,
    restart: false,
    signal,
    note,
    onStart: (read) => onProgress({ kind: 'move', read }),
  })
  requireRepositoryFiles(result, stores)
  const { objects, copied, bytesCopied: bytes } = result
  // Gone through again after something failed, it is still one move.
  const before = context.journal.record.cycle.moved ?? { copied: 0, bytes: 0 }
  updateCycle(context, { moved: { objects, copied: before.copied + copied, bytes: before.bytes + bytes } })
  note(`${copied} of ${objects} objects moved`)
}

function requireRepositoryFiles({ repositories }: MoveResult, { source }: JourneyStores): void {
  if (repositories.includes('')) return
  const elsewhere =
    repositories.length > 0 ? `, but ${repositories.map((root) => `"${root}"`).join(', ')} below it` : ''
  throw new IndexferryError(
    'REPOSITORY_MISMATCH',
    `no snapshot repository lies at the store of the source (${source.name})${elsewhere}`,
    { side: 'source', remedy: 'Give the bucket and base path, or the folder, that the repository of the source has.' },
  )
}

/** What the target sees under the name must be the very snapshot that the source took. */
async function requireMoved({ plan, target, journal }: JourneyContext): Promise<void> {
  const { snapshot, uuid } = journal.record.cycle
  const { name } = plan.target.repository
  const facts = await readSnapshot(target, name, snapshot as string)
  if (uuid === null || facts.uuid === null || facts.uuid === uuid) return
  throw new IndexferryError(
    'REPOSITORY_MISMATCH',
    `the target finds another snapshot under the name ${snapshot} in its repository ${name} than the source took`,
    { side: 'target', remedy: 'Give both repositories the places that the plan moves between.' },
  )
}
