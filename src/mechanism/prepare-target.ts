// Makes the target index ready for loading: created or checked, its settings noted and then relaxed.
import type { Cluster } from '../cluster/cluster.ts'
import { gatheredCalls } from '../cluster/gathered-calls.ts'
import { indexPath } from '../cluster/paths.ts'
import { IndexferryError } from '../foundation/errors.ts'
import type { JsonObject } from '../model/json.ts'
import { createIndex } from '../target/create-index.ts'
import {
  copiesWaitedFor,
  type RelaxOptions,
  readSavedSettings,
  relaxedSettings,
  type SavedSettings,
  savedSettingsOf,
  withoutCopiesWaitedFor,
  writeSettings,
} from '../target/relaxed-settings.ts'
import type { CopyUnit } from './copy-unit.ts'

/** Where the settings of the target are noted before they are changed; durable on return. */
export interface SettingsJournal {
  recordSavedSettings(unit: string, settings: JsonObject): void
  recordSettingsRestored(unit: string): void
}

/** Creates the index with relaxed settings. What it is to have in the end is noted before it exists. */
export async function createRelaxed(
  cluster: Cluster,
  unit: CopyUnit,
  relax: RelaxOptions,
  journal: SettingsJournal,
): Promise<void> {
  const definition = unit.definition ?? { name: unit.targetIndex, types: [], mappings: {}, settings: {}, aliases: {} }
  const saved = savedSettingsOf(definition.settings, relax)
  journal.recordSavedSettings(unit.name, saved)
  const settings = withoutCopiesWaitedFor(definition.settings, saved)
  await createIndex(
    cluster,
    { name: unit.targetIndex, definition: { ...definition, settings } },
    relaxedSettings(relax),
  )
}

/** Relaxes an index that is there. Its own settings are noted before. */
export async function relaxExisting(
  cluster: Cluster,
  unit: CopyUnit,
  relax: RelaxOptions,
  journal: SettingsJournal,
): Promise<void> {
  const relaxed = relaxedSettings(relax)
  if (Object.keys(relaxed).length === 0) return
  const saved = await readSavedSettings(cluster, unit.targetIndex, relax)
  journal.recordSavedSettings(unit.name, saved)
  // Before the replicas go: in one call with them it is looked at too late.
  if (copiesWaitedFor in saved) await writeSettings(cluster, unit.targetIndex, { [copiesWaitedFor]: null })
  await writeSettings(cluster, unit.targetIndex, relaxed)
}

/** Puts the noted settings back and makes the documents visible. An index that is gone meanwhile has nothing to restore. */
export async function restoreTarget(
  cluster: Cluster,
  unit: Pick<CopyUnit, 'name' | 'targetIndex'>,
  saved: SavedSettings,
  journal: SettingsJournal,
): Promise<void> {
  if (await indexExists(cluster, unit.targetIndex)) await writeSettings(cluster, unit.targetIndex, saved)
  journal.recordSettingsRestored(unit.name)
}

/** Throws INDEX_DIFFERS when the name is an alias or a data stream: writing through it would reach indexes that nobody named. */
export async function indexExists(cluster: Cluster, index: string): Promise<boolean> {
  // HEAD needs fewer privileges; what is not there needs no further question.
  const { status: found } = await cluster.bytes({ method: 'HEAD', path: indexPath(index), accept: [404] })
  if (found === 404) return false
  const { status, body } = await cluster.json<Record<string, unknown>>({
    method: 'GET',
    path: indexPath(index, '_settings'),
    accept: [404],
  })
  if (status === 404) return false
  const names = Object.keys(body)
  if (names.includes(index)) return true
  throw new IndexferryError(
    'INDEX_DIFFERS',
    `the ${cluster.side} ${cluster.name}: ${index} is no index there, but another name of ${names.slice(0, 5).join(', ')}`,
    {
      side: cluster.side,
      remedy: 'Choose another name with --rename, or name the index itself in TARGET.',
      fields: { index },
    },
  )
}

/** A bulk request creates an index that is not there, with guessed mappings: so the index must still be the one that was prepared. */
export async function checkSameIndex(cluster: Cluster, index: string, uuid: string | undefined): Promise<void> {
  const now = await uuids(cluster).get(index, new AbortController().signal)
  if (uuid === undefined || now === uuid) return
  throw new IndexferryError(
    'INDEX_DIFFERS',
    `${cluster.side} ${cluster.name}: index ${index} was deleted or made anew by somebody else during the copy`,
    { side: cluster.side, remedy: 'Delete the index and start the copy again with --restart.', fields: { index } },
  )
}

const uuids = gatheredCalls<string | undefined>({
  askMany: async (cluster, indexes) => {
    const { body } = await cluster.json<Record<string, { settings?: { index?: { uuid?: string } } }>>({
      method: 'GET',
      path: indexPath(indexes.join(','), '_settings'),
      query: { ignore_unavailable: true, filter_path: '*.settings.index.uuid' },
      accept: [404],
    })
    const found = Object.entries(body ?? {}).map(([name, { settings }]) => [name, settings?.index?.uuid] as const)
    return new Map(found.filter(([, uuid]) => uuid !== undefined))
  },
  askOne: readIndexUuid,
})

export async function readIndexUuid(cluster: Cluster, index: string): Promise<string | undefined> {
  const { status, body } = await cluster.json<Record<string, { settings: { index: { uuid?: string } } }>>({
    method: 'GET',
    path: indexPath(index, '_settings'),
    accept: [404],
  })
  return status === 404 ? undefined : Object.values(body)[0]?.settings.index.uuid
}
