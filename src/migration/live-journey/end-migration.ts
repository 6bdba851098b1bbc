// The ends of a live migration: completed, or taken back. Either removes what was put in place; documents stay where they are.
import { checkClusters } from './cluster-identity.ts'
import { blockSide, removePipelines, unblockSide, unguardSide } from './guard-side.ts'
import type { MigrationContext } from './migration-context.ts'
import { sidesOf } from './migration-record.ts'
import type { MigrationStreams } from './migration-streams.ts'
import { leadBackFirst } from './switch-steps.ts'
import { callHook, moveAliases } from './switch-traffic.ts'

/** The old side ends blocked, unless the user wants to write to it. */
export async function endMigration(context: MigrationContext, streams: MigrationStreams): Promise<void> {
  const { journal, settings, clusters, note } = context
  const { stream, oneWay } = journal.record
  // Of a migration without a way back, the stream that brought everything is still the last one.
  const old = 'source' as const
  const indexes = oldIndexes(context)
  const { signal } = new AbortController()
  await checkClusters(context, ['source', 'target'])
  await streams.stopShadow()
  await streams.stopFollowed()
  await context.streams.settle(stream)
  if (settings.oldSide === 'blocked') {
    // The block before the guard goes: at no instant does it take writes.
    await blockSide(context, old, indexes, signal)
    note(`writes stay blocked on the source: ${indexes.join(', ')}`)
  } else {
    await unblockSide(context, old, 'open')
    note(`the source may be written to again: ${indexes.join(', ')}`)
  }
  for (const side of ['source', 'target'] as const) await unguardSide(context, side)
  await removePipelines({ clusters, id: context.id, journal, note })
  journal.update({ blocks: { source: [], target: [] } })
  context.streams.forget(stream)
  // What was noted for a way back that an earlier attempt still had.
  if (oneWay !== null) for (const other of [stream - 1, stream + 1]) context.streams.forget(other)
}

function oldIndexes({ streams, journal }: MigrationContext): string[] {
  const { stream } = journal.record
  const { from } = sidesOf(stream)
  return streams.unitsOf(stream).map(({ sourceIndex, targetIndex }) => (from === 'source' ? sourceIndex : targetIndex))
}

/** Everything as it was, except the documents that were copied. */
export async function takeBack(context: MigrationContext, streams: MigrationStreams): Promise<void> {
  const { journal, clusters, id, note } = context
  const { stream, attempt } = journal.record
  await streams.stopShadow()
  const isLedBack = await leadBackFirst(context, 'source')
  await moveAliases(context, 'before')
  await unblockSide(context, 'source', 'as before')
  // While the target still takes no writes: what clients would write there nobody carries any more. Also when the user stops.
  if (attempt?.isHookCalled && !isLedBack) await callHook(context, 'back', new AbortController().signal)
  await streams.stopFollowed()
  await context.streams.settle(stream)
  await checkClusters(context, ['target'])
  await unblockSide(context, 'target', 'as before')
  await unguardSide(context, 'source')
  await unguardSide(context, 'target')
  await removePipelines({ clusters, id, journal, note })
  const targets = context.streams.unitsOf(stream).map(({ targetIndex }) => targetIndex)
  if (targets.length > 0) note(`what was copied stays on the target: ${targets.join(', ')}`)
  journal.update({ aliases: null, attempt: null })
  context.streams.forget(stream)
  context.streams.forget(stream + 1)
}
