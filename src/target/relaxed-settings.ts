// The settings that make loading an index cheap: no refresh, no replicas. What they were before is noted first, and put back afterwards.
import type { Capabilities } from '../cluster/capabilities.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { gatheredCalls } from '../cluster/gathered-calls.ts'
import { indexPath } from '../cluster/paths.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'

export interface RelaxOptions {
  readonly keepRefresh: boolean
  readonly keepReplicas: boolean
}

/** The settings that are relaxed, flat and without the leading `index.`; a null was not set, so that the server's default held. */
export type SavedSettings = Record<string, string | null>

const noRefresh = { refresh_interval: '-1' } as const
/** An index that expands its replicas by itself ignores their number, so that has to be switched off too. */
const noReplicas = { number_of_replicas: '0', auto_expand_replicas: 'false' } as const

/** What relaxing sets. */
export function relaxedSettings({ keepRefresh, keepReplicas }: RelaxOptions): Record<string, string> {
  return { ...(keepRefresh ? {} : noRefresh), ...(keepReplicas ? {} : noReplicas) }
}

/** What these settings are in a definition or a server's answer (nested, without the leading `index`). */
export function savedSettingsOf(settings: JsonObject, options: RelaxOptions): SavedSettings {
  const saved: SavedSettings = {}
  for (const name of Object.keys(relaxedSettings(options))) {
    const value = settings[name]
    saved[name] = value === undefined || value === null ? null : String(value)
  }
  const { write } = settings
  const waited = isJsonObject(write) ? write.wait_for_active_shards : undefined
  if (!options.keepReplicas && waited !== undefined && waited !== null) saved[copiesWaitedFor] = String(waited)
  return saved
}

/** Servers refuse an index that has fewer copies than this says, which one without replicas may be. */
export const copiesWaitedFor = 'write.wait_for_active_shards'

/** Settings of a definition, without the one that cannot stand beside relaxed ones. One that could not stand without them either stays. */
export function withoutCopiesWaitedFor(settings: JsonObject, saved: SavedSettings): JsonObject {
  const { write, number_of_replicas: replicas = 1, auto_expand_replicas: expand = 'false' } = settings
  const waited = saved[copiesWaitedFor]
  if (waited === undefined || !isJsonObject(write)) return settings
  if (String(expand) === 'false' && Number(waited) > Number(replicas) + 1) return settings
  const { wait_for_active_shards: _, ...others } = write
  return { ...settings, write: Object.keys(others).length > 0 ? others : null }
}

export async function readSavedSettings(
  cluster: Cluster,
  index: string,
  options: RelaxOptions,
): Promise<SavedSettings> {
  const { body } = await cluster.json<Record<string, { settings: { index: JsonObject } }>>({
    method: 'GET',
    path: indexPath(index, '_settings'),
  })
  return savedSettingsOf(Object.values(body)[0]?.settings.index ?? {}, options)
}

const settingsNow = gatheredCalls<JsonObject>({
  manyMax: 64,
  askMany: (cluster, indexes) => askForSettings(cluster, indexes.join(','), true),
  askOne: async (cluster, index) => [...(await askForSettings(cluster, index, undefined)).values()][0] ?? {},
})

async function askForSettings(
  cluster: Cluster,
  indexes: string,
  ignoreUnavailable: true | undefined,
): Promise<Map<string, JsonObject>> {
  const { body } = await cluster.json<Record<string, { settings: { index: JsonObject } }>>({
    method: 'GET',
    path: indexPath(indexes, '_settings'),
    query: { ignore_unavailable: ignoreUnavailable },
  })
  return new Map(Object.entries(body).map(([name, { settings }]) => [name, settings.index]))
}

/** Settings of these names, as they are now. */
export async function readSettings(cluster: Cluster, index: string, names: readonly string[]): Promise<SavedSettings> {
  const settings = await settingsNow(cluster).get(index, new AbortController().signal)
  return Object.fromEntries(
    names.map((name) => [
      name,
      settings[name] === undefined || settings[name] === null ? null : String(settings[name]),
    ]),
  )
}

/** Null takes a setting back. Answers with whether every node is known to have it. */
export async function writeSettings(
  cluster: Cluster,
  index: string,
  settings: Readonly<Record<string, JsonValue>>,
): Promise<boolean> {
  if (Object.keys(settings).length === 0) return true
  const { body } = await cluster.json<{ readonly acknowledged?: boolean }>({
    method: 'PUT',
    path: indexPath(index, '_settings'),
    body: { index: takenBack(settings, cluster.capabilities) },
    retry: 'safe',
  })
  return body?.acknowledged === true
}

/** What a setting is by default, for versions in which it cannot be taken back, only set. */
const defaults: Readonly<Record<string, string>> = {
  refresh_interval: '1s',
  number_of_replicas: '1',
  auto_expand_replicas: 'false',
  gc_deletes: '60s',
  'blocks.write': 'false',
}

const takenBack = (settings: Readonly<Record<string, JsonValue>>, capabilities: Capabilities): JsonObject =>
  Object.fromEntries(
    Object.entries(settings).map(([name, value]) => {
      const byNull = name === 'number_of_replicas' ? capabilities.nullResetsReplicas : capabilities.nullResetsSetting
      return [name, value ?? (byNull ? null : (defaults[name] ?? null))]
    }),
  )
