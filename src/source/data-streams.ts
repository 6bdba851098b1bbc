import type { Cluster } from '../cluster/cluster.ts'
import { isJsonObject, type JsonObject } from '../model/json.ts'

export interface DataStream {
  readonly name: string
  readonly timeField: string
  /** The backing indexes, oldest first. */
  readonly indexes: readonly string[]
  readonly isHidden: boolean
}

/** All data streams of the cluster; none where it has no such thing. */
export async function listDataStreams(cluster: Cluster, signal?: AbortSignal): Promise<readonly DataStream[]> {
  if (!cluster.capabilities.dataStreams) return []
  const { status, body } = await cluster.json<JsonObject>({
    method: 'GET',
    path: '/_data_stream/*',
    query: cluster.version.flavour === 'elasticsearch' && cluster.version.major >= 8 ? { expand_wildcards: 'all' } : {},
    // Elasticsearch 7 without its commercial modules takes `_data_stream` for the name of an index, and refuses it.
    accept: [400, 404, 405],
    ...(signal ? { signal } : {}),
  })
  if (status !== 200 || !isJsonObject(body) || !Array.isArray(body.data_streams)) return []
  return body.data_streams.filter(isJsonObject).map((stream) => {
    const field = isJsonObject(stream.timestamp_field) ? stream.timestamp_field.name : undefined
    const indexes = Array.isArray(stream.indices) ? stream.indices.filter(isJsonObject) : []
    return {
      name: String(stream.name),
      timeField: String(field ?? '@timestamp'),
      indexes: indexes.map((index) => String(index.index_name)),
      isHidden: stream.hidden === true || stream.system === true || String(stream.name).startsWith('.'),
    }
  })
}
