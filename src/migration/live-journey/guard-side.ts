// Who may write to which side.
//
// A *block* (`index.blocks.write`) refuses every write, ours as well: it is the fence during a switch. A *guard* refuses documents of
// everybody but us, and is what the side has that is followed onto: its indexes have a default pipeline that always fails, and our
// requests ask for none (`pipeline=_none`). Deletes by the index's own name know no pipelines; of those the guard cannot keep the side.
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { monotonicMs, sleep } from '../../foundation/clock.ts'
import { IndexferryError, isErrorOf } from '../../foundation/errors.ts'
import type { JsonObject } from '../../model/json.ts'
import { openSequenceChanges } from '../../source/sequence-changes.ts'
import { type SavedSettings, writeSettings } from '../../target/relaxed-settings.ts'
import { wayToFollow } from '../open-changes.ts'
import { untilWritesEnded } from './await-writes.ts'
import type { MigrationContext } from './migration-context.ts'
import type { NotedSetting, SideName } from './migration-record.ts'

const blockSetting = 'blocks.write'
const pipelineSetting = 'default_pipeline'

type GuardContext = Pick<MigrationContext, 'id' | 'journal' | 'clusters' | 'note'>

/** When it resolves, no write is under way, and none is taken. */
export async function blockSide(
  context: GuardContext,
  side: SideName,
  indexes: readonly string[],
  signal: AbortSignal,
) {
  const cluster = context.clusters[side]
  await noteSetting(context, 'blocks', side, indexes, blockSetting)
  for (const index of indexes) await block(cluster, index, signal)
  const untold: string[] = []
  for (const index of indexes) {
    if ((await wayToFollow(cluster, index)) === 'sequence') await untilStill(cluster, index, signal)
    else untold.push(index)
  }
  if (untold.length > 0) await untilWritesEnded(cluster, untold, signal)
}

async function block(cluster: Cluster, index: string, signal: AbortSignal): Promise<void> {
  if (cluster.capabilities.blockCall) {
    const { status, body } = await cluster.json<{ readonly shards_acknowledged?: boolean }>({
      method: 'PUT',
      path: indexPath(index, '_block/write'),
      accept: [400, 403, 404, 405],
      retry: 'safe',
      signal,
    })
    if (status === 200 && body?.shards_acknowledged) return
  }
  // Writes that were let in before may still be at work then; they are waited for afterwards.
  for (let attempt = 0; attempt < blocksMax; attempt++) {
    signal.throwIfAborted()
    if (await writeSettings(cluster, index, { [blockSetting]: 'true' })) return
  }
  const sentence = `${cluster.name}: not every node has confirmed the write block of index ${index}`
  throw new IndexferryError('MIGRATION_NOT_READY', sentence, { side: cluster.side, fields: { index } })
}

/** A node that does not confirm it within the server's own 30 s may still let writes in. */
const blocksMax = 5

const stillMs = 150
const stillWithinMs = 120_000

/** Until every operation has its number and is safe, twice in a row. Throws MIGRATION_NOT_READY when that takes minutes. */
async function untilStill(cluster: Cluster, index: string, signal: AbortSignal): Promise<void> {
  await using changes = await openSequenceChanges({ cluster, index, documentBytesMax: 1, readers: 1 })
  const sinceMs = monotonicMs()
  for (let before = ''; ; ) {
    const { shards } = await changes.look(signal)
    const now = JSON.stringify(shards)
    if (now === before && shards.every(({ safe, highest }) => safe === highest)) return
    if (monotonicMs() - sinceMs > stillWithinMs) {
      const sentence = `${cluster.name}: writes to index ${index} are blocked, and after ${stillWithinMs / 1000} s a shard still has operations that are not safe`
      throw new IndexferryError('MIGRATION_NOT_READY', sentence, { side: cluster.side, fields: { index } })
    }
    before = now
    await sleep(stillMs, signal)
  }
}

/** Puts back what was before, and forgets it. `open`: whatever it was before, writes are allowed. */
export async function unblockSide(context: GuardContext, side: SideName, how: 'as before' | 'open'): Promise<void> {
  const cluster = context.clusters[side]
  for (const { index, before } of context.journal.record.blocks[side]) {
    await putBack(cluster, index, how === 'open' ? { [blockSetting]: null } : before)
  }
  forgetSettings(context, 'blocks', side)
}

const pipelineOf = (id: string, side: SideName): string => `indexferry-fence-${id}-${side}`

/** Makes the pipeline, so that it is known before it is needed whether a side can have a guard. */
export async function readyGuard(context: GuardContext, side: SideName): Promise<boolean> {
  const { clusters, id, journal, note } = context
  const reason = await makePipeline(clusters[side], pipelineOf(id, side), id)
  if (journal.record.unguarded[side] !== reason) {
    journal.update({ unguarded: { ...journal.record.unguarded, [side]: reason } })
    if (reason !== null) note(`nothing keeps others from writing to the ${side} while it is followed onto: ${reason}`)
  }
  return reason === null
}

/** A reason why it cannot be made, or null. */
async function makePipeline(cluster: Cluster, name: string, id: string): Promise<string | null> {
  if (!cluster.capabilities.defaultPipelines) return 'its version has no default pipelines'
  const message = `this index takes no writes of its own: it is the copy of the indexferry migration ${id}, and writes go to the other side`
  try {
    await cluster.json({
      method: 'PUT',
      path: `/_ingest/pipeline/${name}`,
      body: { description: `indexferry migration ${id}`, processors: [{ fail: { message } }] },
      retry: 'safe',
    })
    return null
  } catch (error) {
    if (!isErrorOf(error, 'PRIVILEGE_MISSING', 'REQUEST_REFUSED')) throw error
    return error.message
  }
}

/** Twice is the same as once. */
export async function guardSide(context: GuardContext, side: SideName, indexes: readonly string[]): Promise<void> {
  if (!(await readyGuard(context, side))) return
  await noteSetting(context, 'guards', side, indexes, pipelineSetting)
  const cluster = context.clusters[side]
  for (const index of indexes) await writeSettings(cluster, index, { [pipelineSetting]: pipelineOf(context.id, side) })
}

export async function unguardSide(context: GuardContext, side: SideName): Promise<void> {
  const cluster = context.clusters[side]
  for (const { index, before } of context.journal.record.guards[side]) await putBack(cluster, index, before)
  forgetSettings(context, 'guards', side)
}

/** At the end: servers refuse to remove a pipeline that an index has. */
export async function removePipelines({ clusters, id, note }: GuardContext): Promise<void> {
  for (const side of ['source', 'target'] as const) {
    if (!clusters[side].capabilities.defaultPipelines) continue
    const name = pipelineOf(id, side)
    const path = `/_ingest/pipeline/${name}`
    const { status } = await clusters[side].json({ method: 'DELETE', path, accept: [400, 403, 404], retry: 'safe' })
    // Such as that of an index that somebody cloned meanwhile: a migration must come to its end all the same.
    if (status === 400) note(`the pipeline ${name} stays on the ${side}: an index of somebody else has it by now`)
  }
}

/** Notes what a setting is before it is changed; what was noted before is kept, for the setting is then our own. */
async function noteSetting(
  { clusters, journal }: GuardContext,
  kind: 'blocks' | 'guards',
  side: SideName,
  indexes: readonly string[],
  setting: string,
): Promise<void> {
  const noted = journal.record[kind][side]
  const fresh: NotedSetting[] = []
  for (const index of indexes) {
    if (noted.some((each) => each.index === index)) continue
    fresh.push({ index, before: { [setting]: await readSetting(clusters[side], index, setting) } })
  }
  if (fresh.length > 0) journal.update({ [kind]: { ...journal.record[kind], [side]: [...noted, ...fresh] } })
}

function forgetSettings({ journal }: GuardContext, kind: 'blocks' | 'guards', side: SideName): void {
  if (journal.record[kind][side].length > 0) journal.update({ [kind]: { ...journal.record[kind], [side]: [] } })
}

export async function readSetting(cluster: Cluster, index: string, setting: string): Promise<string | null> {
  const { body } = await cluster.json<Record<string, { settings: JsonObject }>>({
    method: 'GET',
    path: indexPath(index, '_settings'),
    query: { flat_settings: true },
  })
  const value = Object.values(body)[0]?.settings[`index.${setting}`]
  return value === undefined || value === null ? null : String(value)
}

/** An index that is gone has no settings to be put back. */
async function putBack(cluster: Cluster, index: string, settings: SavedSettings): Promise<void> {
  try {
    await writeSettings(cluster, index, settings)
  } catch (error) {
    if (!(error instanceof IndexferryError) || error.fields.status !== 404) throw error
  }
}
