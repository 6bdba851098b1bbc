// The last comparison, while no side takes writes: positions, counts, and if wanted the content of every document.
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import type { CopyUnit } from '../../mechanism/copy-unit.ts'
import { selectionOf } from '../../mechanism/open-unit.ts'
import { openSearchSource } from '../../source/open-search-source.ts'
import { openSequenceChanges } from '../../source/sequence-changes.ts'
import { wayToFollow } from '../open-changes.ts'
import { readSetting } from './guard-side.ts'
import type { MigrationContext } from './migration-context.ts'
import { sidesOf } from './migration-record.ts'

/** What was compared, as a sentence. Throws MIGRATION_UNVERIFIED. */
export async function compareSides(context: MigrationContext, signal: AbortSignal): Promise<string> {
  const { journal, clusters, streams } = context
  const { stream, attempt } = journal.record
  const { from, to } = sidesOf(stream)
  const refused = new Map(streams.indexes(stream).map(({ name, rejected }) => [name, rejected]))
  let documents = 0
  for (const unit of streams.unitsOf(stream)) {
    await checkPositions(context, unit, clusters[from], signal)
    const missingMax = attempt?.isForced ? (refused.get(unit.name) ?? 0) : 0
    documents += await compareCounts(
      context,
      unit,
      { source: clusters[from], target: clusters[to], missingMax },
      signal,
    )
  }
  if (!attempt?.verifiesFully) return `compared: positions of every shard, ${documents} documents by count`
  const found = await context.verify(stream, { signal, isStill: true })
  if (found.verdict !== 'equal') throw unverified(`${found.differences} documents differ (${found.verdict})`)
  context.noteVerification(found)
  return `compared: positions of every shard, ${found.documents} documents by content`
}

const unverified = (what: string): IndexferryError =>
  new IndexferryError('MIGRATION_UNVERIFIED', `traffic was not switched: ${what}`)

/** Everything that the source has was read, and it is still blocked. */
async function checkPositions(
  { streams, journal }: MigrationContext,
  unit: CopyUnit,
  source: Cluster,
  signal: AbortSignal,
): Promise<void> {
  const block = await readSetting(source, unit.sourceIndex, 'blocks.write')
  if (block !== 'true') throw unverified(`somebody has lifted the write block of ${unit.sourceIndex}`)
  const { stream } = journal.record
  const cursors = new Map(streams.cursors(stream, unit.name).map((cursor) => [cursor.shard, cursor]))
  if ((await wayToFollow(source, unit.sourceIndex)) === 'sweep') {
    const next = streams.swept(stream, unit.name)?.next
    if (cursors.get(0)?.position === next) return
    throw unverified(
      `sweeps of ${unit.sourceIndex} found ${next} changes, and ${cursors.get(0)?.position} were carried`,
    )
  }
  await using changes = await openSequenceChanges({
    cluster: source,
    index: unit.sourceIndex,
    documentBytesMax: 1,
    readers: 1,
  })
  for (const { shard, safe, highest } of (await changes.look(signal)).shards) {
    const position = cursors.get(shard)?.position ?? 0
    if (safe === highest && position === highest + 1) continue
    throw unverified(`shard ${shard} of ${unit.sourceIndex} is at ${highest}, and was carried up to ${position - 1}`)
  }
}

/** `missingMax`: so many may be missing because the target refused them, which the user has accepted. */
async function compareCounts(
  { changesDocuments }: MigrationContext,
  unit: CopyUnit,
  { source, target, missingMax }: { readonly source: Cluster; readonly target: Cluster; readonly missingMax: number },
  signal: AbortSignal,
): Promise<number> {
  for (const [cluster, index] of [
    [source, unit.sourceIndex],
    [target, unit.targetIndex],
  ] as const) {
    await cluster.json({ method: 'POST', path: indexPath(index, '_refresh'), retry: 'safe', signal })
  }
  const reading = { query: undefined, fields: undefined, readers: 1, documentBytesMax: 1 }
  await using left = await openSearchSource(selectionOf(source, unit, reading))
  await using right = await openSearchSource({
    cluster: target,
    index: unit.targetIndex,
    documentBytesMax: 1,
    readers: 1,
  })
  const [expected, found] = [await left.countDocuments(), await right.countDocuments()]
  const missing = (expected ?? 0) - (found ?? 0)
  // A transform may leave documents out; then only a verification with the same transform tells.
  if ((missing >= 0 && missing <= missingMax) || changesDocuments !== undefined) return found ?? 0
  throw unverified(`${unit.sourceIndex} has ${expected} documents, ${unit.targetIndex} has ${found}`)
}
