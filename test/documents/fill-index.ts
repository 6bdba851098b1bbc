// Fills an index of any version with documents, one request each or in bulk, through the cluster room itself.
import type { Cluster } from '../../src/cluster/cluster.ts'
import { openCluster } from '../../src/cluster/open-cluster.ts'
import { indexPath } from '../../src/cluster/paths.ts'
import type { JsonObject } from '../../src/model/json.ts'
import type { ServerName } from '../servers/catalogue.ts'
import { useServer } from '../servers/servers.ts'
import type { DifficultDocument } from './difficult-documents.ts'

export async function openTestCluster(side: 'source' | 'target', name: ServerName): Promise<Cluster> {
  const server = await useServer(name)
  const authentication =
    server.username === undefined
      ? ({ kind: 'none' } as const)
      : ({ kind: 'basic', username: server.username, password: server.password ?? '' } as const)
  return openCluster(side, { nodes: [server.url], authentication, tls: server.caFile ? { caFile: server.caFile } : {} })
}

export const testType = (cluster: Cluster): string => (cluster.capabilities.mappingTypes === 'several' ? 'doc' : '_doc')

const hasTypeInMapping = (cluster: Cluster): boolean => ['several', 'one'].includes(cluster.capabilities.mappingTypes)

export interface TestIndexOptions {
  readonly shards?: number
  readonly mapping?: JsonObject
  readonly settings?: JsonObject
}

/** Makes the index anew. Without a mapping, documents are stored without being looked at. */
export async function createTestIndex(cluster: Cluster, index: string, options: TestIndexOptions = {}): Promise<void> {
  const { shards = 1, mapping = { dynamic: false }, settings = {} } = options
  await deleteTestIndex(cluster, index)
  await cluster.json({
    method: 'PUT',
    path: indexPath(index),
    body: {
      settings: { number_of_shards: shards, number_of_replicas: 0, ...settings },
      mappings: hasTypeInMapping(cluster) ? { [testType(cluster)]: mapping } : mapping,
    },
  })
}

export async function deleteTestIndex(cluster: Cluster, index: string): Promise<void> {
  await cluster.json({ method: 'DELETE', path: indexPath(index), accept: [404] })
}

export const refreshTestIndex = (cluster: Cluster, index: string): Promise<unknown> =>
  cluster.json({ method: 'POST', path: indexPath(index, '_refresh') })

/** One PUT for each document: the only way to store line breaks between tokens. */
export async function putDocuments(
  cluster: Cluster,
  index: string,
  documents: readonly DifficultDocument[],
): Promise<void> {
  for (const { id, routing, source } of documents) {
    await cluster.json({
      method: 'PUT',
      path: indexPath(index, `${testType(cluster)}/${encodeURIComponent(id)}`),
      query: { routing },
      body: Buffer.from(source),
    })
  }
  await refreshTestIndex(cluster, index)
}

export interface BulkDocument {
  readonly id: string
  readonly type?: string
  readonly routing?: string
  readonly parent?: string
  readonly source: string
}

export async function bulkDocuments(cluster: Cluster, index: string, documents: Iterable<BulkDocument>): Promise<void> {
  let lines: string[] = []
  let bytes = 0
  const send = async () => {
    if (lines.length === 0) return
    const { body } = await cluster.json<{ errors: boolean }>({
      method: 'POST',
      path: '/_bulk',
      contentType: 'ndjson',
      body: Buffer.from(`${lines.join('\n')}\n`),
    })
    if (body.errors) throw new Error(`the test's own documents were refused: ${JSON.stringify(body).slice(0, 2_000)}`)
    lines = []
    bytes = 0
  }
  for (const { id, type = testType(cluster), routing, parent, source } of documents) {
    const typed = hasTypeInMapping(cluster) ? { _type: type } : {}
    lines.push(JSON.stringify({ index: { _index: index, _id: id, ...typed, routing, parent } }), source)
    bytes += source.length
    if (bytes > 2_000_000 || lines.length >= 4_000) await send()
  }
  await send()
  await refreshTestIndex(cluster, index)
}
