// The indexes of a benchmark: the source's, filled once, and the target's, made anew before each run.
import { openCluster } from '../src/cluster/open-cluster.ts'
import { difficultDocuments } from '../test/documents/difficult-documents.ts'
import { createTestIndex, putDocuments } from '../test/documents/fill-index.ts'
import { bulkBodies } from './bulk-bodies.ts'
import { checkContent, isEqual } from './check-content.ts'
import type { DocumentSet } from './data-sets.ts'
import type { HttpClient } from './http.ts'
import type { BenchServer } from './servers.ts'

const bodyBytes = 2_000_000

export async function makeEmptyIndex(http: HttpClient, set: DocumentSet): Promise<void> {
  await deleteIndex(http, set)
  await http.bytes({
    method: 'PUT',
    path: `/${set.name}`,
    body: {
      settings: { number_of_shards: 1, number_of_replicas: 0, refresh_interval: '-1' },
      mappings: set.mapping,
    },
  })
}

export async function deleteIndex(http: HttpClient, set: DocumentSet): Promise<void> {
  await http.bytes({ method: 'DELETE', path: `/${set.name}`, accept: [404] })
}

/** Does nothing when a tool that should have created the index has not. */
export async function refreshIndex(http: HttpClient, set: DocumentSet): Promise<void> {
  await http.bytes({ method: 'POST', path: `/${set.name}/_refresh`, accept: [404] })
}

/** Few segments, as in an index that has been at rest for a while, and no merges while others are measured. */
export async function fillSource({ http }: BenchServer, set: DocumentSet, signal: AbortSignal): Promise<void> {
  await makeEmptyIndex(http, set)
  for (const { body } of bulkBodies(set, bodyBytes)) {
    const { errors } = await http.json<{ errors: boolean }>({
      method: 'POST',
      path: `/${set.name}/_bulk?filter_path=errors`,
      body,
      signal,
    })
    if (errors) throw new Error(`the source refused documents of the set ${set.name}`)
  }
  await http.bytes({ method: 'POST', path: `/${set.name}/_forcemerge?max_num_segments=5`, signal })
  await refreshIndex(http, set)
  await requireFilled(http, set, signal)
}

async function requireFilled(http: HttpClient, set: DocumentSet, signal: AbortSignal): Promise<void> {
  const content = await checkContent(http, set, signal)
  if (!isEqual(content, set)) throw new Error(`the source was not filled as it should be: ${JSON.stringify(content)}`)
}

/** One request each: in bulk, documents of several lines could not be sent. */
export async function fillDifficult(source: BenchServer, set: DocumentSet, signal: AbortSignal): Promise<void> {
  await using cluster = await openCluster('source', { nodes: [source.url] })
  await createTestIndex(cluster, set.name, { mapping: set.mapping, settings: { refresh_interval: '-1' } })
  await putDocuments(cluster, set.name, difficultDocuments())
  await requireFilled(source.http, set, signal)
}
