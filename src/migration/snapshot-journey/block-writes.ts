// Blocks writes on the source for the last cycle, and lets them go on afterwards: index.blocks.write, with what it was before noted first.
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import { resolveIndexes } from '../../source/resolve-indexes.ts'
import { type SavedSettings, writeSettings } from '../../target/relaxed-settings.ts'
import type { JourneyContext } from './journey-context.ts'
import type { BlockedIndex } from './journey-record.ts'

export const blockSetting = 'blocks.write'

/** Every index that the plan means now, and those that are named besides. Twice is the same as once. */
export async function blockWrites(context: JourneyContext, others: readonly string[] = []): Promise<void> {
  const { plan, source, journal, signal } = context
  const indexes = await resolveIndexes(source, [plan.indices, ...others].join(','), { signal })
  const noted = new Map(journal.record.blocks.map((block) => [block.index, block]))
  const found: BlockedIndex[] = []
  for (const { name } of indexes) found.push(noted.get(name) ?? { index: name, before: await readBlock(source, name) })
  // Those that are gone meanwhile stay noted: they may come back, and then their block has to go.
  const gone = journal.record.blocks.filter(({ index }) => !found.some((block) => block.index === index))
  journal.update({ blocks: [...found, ...gone] })
  for (const { index } of found) await writeSettings(source, index, { [blockSetting]: 'true' })
}

async function readBlock(cluster: Cluster, index: string): Promise<SavedSettings> {
  const { body } = await cluster.json<Record<string, { settings: { index: JsonObject } }>>({
    method: 'GET',
    path: indexPath(index, '_settings'),
  })
  const blocks = Object.values(body)[0]?.settings.index.blocks
  const value = isJsonObject(blocks) ? blocks.write : undefined
  return { [blockSetting]: value === undefined || value === null ? null : String(value) }
}

/** Puts back what was before, and forgets it. Those that fail stay noted, and the first failure is thrown after all were tried. */
export async function releaseWrites({
  source,
  journal,
}: Pick<JourneyContext, 'source' | 'journal'>): Promise<readonly string[]> {
  const released: string[] = []
  const left: BlockedIndex[] = []
  const failures: unknown[] = []
  for (const block of journal.record.blocks) {
    try {
      if (await releaseIndex(source, block)) released.push(block.index)
    } catch (error) {
      failures.push(error)
      left.push(block)
    }
  }
  journal.update({ blocks: left })
  if (failures.length > 0) throw failures[0]
  return released
}

/** False for an index that is gone meanwhile. */
async function releaseIndex(source: Cluster, { index, before }: BlockedIndex): Promise<boolean> {
  if (!(await indexIsThere(source, index))) return false
  await writeSettings(source, index, blockForm(source, before))
  return true
}

/** Where a setting cannot be taken back, `false` is the same as none. */
export const blockForm = ({ capabilities }: Cluster, before: SavedSettings): SavedSettings => ({
  [blockSetting]: before[blockSetting] ?? (capabilities.nullResetsSetting ? null : 'false'),
})

async function indexIsThere(cluster: Cluster, index: string): Promise<boolean> {
  const { status } = await cluster.json({ method: 'GET', path: indexPath(index, '_settings'), accept: [404] })
  return status !== 404
}
