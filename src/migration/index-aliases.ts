// The aliases of an index, read and changed.
import type { Cluster } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import { isJsonObject, type JsonObject } from '../model/json.ts'

/** With filters and routing. None of an index that is gone. */
export async function aliasesOf(cluster: Cluster, index: string): Promise<Record<string, JsonObject>> {
  const { status, body } = await cluster.json<JsonObject>({
    method: 'GET',
    path: indexPath(index, '_alias'),
    accept: [404],
  })
  const entry = status === 404 || !isJsonObject(body) ? undefined : Object.values(body)[0]
  const aliases = isJsonObject(entry) && isJsonObject(entry.aliases) ? entry.aliases : {}
  return Object.fromEntries(Object.entries(aliases).map(([name, each]) => [name, isJsonObject(each) ? each : {}]))
}

/** All of them or none. */
export async function changeAliases(
  cluster: Cluster,
  actions: readonly JsonObject[],
  signal?: AbortSignal,
): Promise<void> {
  if (actions.length === 0) return
  await cluster.json({
    method: 'POST',
    path: '/_aliases',
    body: { actions },
    retry: 'safe',
    ...(signal ? { signal } : {}),
  })
}
