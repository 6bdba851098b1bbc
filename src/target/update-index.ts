// Changes mapping, settings and aliases of an index that is there and in use.
import type { Cluster } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import { asIndexferryError, IndexferryError, isErrorOf } from '../foundation/errors.ts'
import type { JsonObject, JsonValue } from '../model/json.ts'
import { applyAliases } from './create-index.ts'
import { writeSettings } from './relaxed-settings.ts'

/** What the server did not take, each with its words. Asked for again later it may be taken. */
export type Refused = Map<string, string>

/** Adds to the mapping. Throws DEFINITION_NOT_CARRIED with the server's words when it cannot be added. */
export async function updateMapping(
  cluster: Cluster,
  index: string,
  { type, mapping }: { readonly type: string | undefined; readonly mapping: JsonObject },
  signal: AbortSignal,
): Promise<void> {
  try {
    await cluster.json({
      method: 'PUT',
      path: indexPath(index, type === undefined ? '_mapping' : `_mapping/${encodeURIComponent(type)}`),
      body: mapping,
      signal,
    })
  } catch (error) {
    if (!isErrorOf(error, 'REQUEST_REFUSED', 'PRIVILEGE_MISSING')) throw error
    throw new IndexferryError(
      'DEFINITION_NOT_CARRIED',
      `the target ${cluster.name} does not take the new mapping of index ${index}: ${asIndexferryError(error).message}`,
      { side: cluster.side, cause: error, fields: { index } },
    )
  }
}

/** Settings that servers change only while an index is closed, or never. */
const fixedSettings =
  /^(analysis|similarity|sort|time_series|number_of_shards|number_of_routing_shards|routing_partition_size|codec|mode|knn|soft_deletes)(\.|$)/

/**
 * Those that are refused do not keep the others back. Fixed ones are not tried: a target is not closed for them. What is known to be dynamic in
 * one version may not be in another, so that is left to the server.
 */
export async function updateSettings(
  cluster: Cluster,
  index: string,
  settings: ReadonlyMap<string, JsonValue>,
): Promise<Refused> {
  const refused: Refused = new Map()
  const open = new Map<string, JsonValue>()
  for (const [setting, value] of settings) {
    const [, fixed] = fixedSettings.exec(setting) ?? []
    if (fixed === undefined) open.set(setting, value)
    else refused.set(fixed, 'it can be changed only while an index is closed, or when it is made')
  }
  if (open.size === 0) return refused
  try {
    await writeSettings(cluster, index, Object.fromEntries(open))
    return refused
  } catch (error) {
    if (!isErrorOf(error, 'REQUEST_REFUSED', 'PRIVILEGE_MISSING')) throw error
    if (open.size === 1) return refused.set([...open.keys()][0] as string, asIndexferryError(error).message)
  }
  for (const one of open) {
    for (const [setting, why] of await updateSettings(cluster, index, new Map([one]))) refused.set(setting, why)
  }
  return refused
}

/** Puts aliases onto the index, or takes those with null from it; each by itself, so that none keeps the others back. */
export async function updateAliases(
  cluster: Cluster,
  index: string,
  aliases: ReadonlyMap<string, JsonValue>,
  signal: AbortSignal,
): Promise<Refused> {
  const refused: Refused = new Map()
  // Those that go make room: another index may have the name, or hold the flag of the one that is written to.
  for (const [alias, parameters] of [...aliases].sort(([, a], [, b]) => Number(b === null) - Number(a === null))) {
    try {
      if (parameters === null) await removeAlias(cluster, index, alias, signal)
      else await applyAliases(cluster, index, { [alias]: parameters }, { signal })
    } catch (error) {
      if (!isErrorOf(error, 'REQUEST_REFUSED', 'PRIVILEGE_MISSING')) throw error
      refused.set(alias, asIndexferryError(error).message)
    }
  }
  return refused
}

/** One that is gone already is no error. */
async function removeAlias(cluster: Cluster, index: string, alias: string, signal: AbortSignal): Promise<void> {
  await cluster.json({
    method: 'DELETE',
    path: indexPath(index, `_alias/${encodeURIComponent(alias)}`),
    accept: [404],
    signal,
  })
}
