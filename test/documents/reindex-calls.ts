// Calls of `_reindex` as the tests make them, and what they leave.
import type { Cluster } from '../../src/cluster/cluster.ts'
import { indexPath } from '../../src/cluster/paths.ts'
import { type ReindexRun, runReindex } from '../../src/mechanism/reindex/run-reindex.ts'
import type { ReindexOutcome, ReindexRequest } from '../../src/model/reindex.ts'
import type { BulkDocument } from './fill-index.ts'
import { ReindexMemoryJournal } from './reindex-memory-journal.ts'

export interface ReindexChanges {
  readonly source?: Partial<ReindexRequest['source']>
  readonly dest?: Partial<ReindexRequest['dest']>
  readonly call?: Partial<Omit<ReindexRequest, 'source' | 'dest'>>
}

const everything = { includes: [], excludes: [] } as const

export function requestOf(
  index: string,
  dest: string,
  { source, dest: destChanges, call }: ReindexChanges = {},
): ReindexRequest {
  return {
    remote: undefined,
    source: {
      index: [index],
      query: undefined,
      size: source?.size ?? 1000,
      isSizeGiven: source?.size !== undefined,
      fields: everything,
      sort: undefined,
      slice: undefined,
      ...source,
    },
    dest: {
      index: dest,
      opType: 'index',
      versionType: 'internal',
      pipeline: undefined,
      routing: 'keep',
      requireAlias: false,
      ...destChanges,
    },
    script: undefined,
    maxDocs: undefined,
    conflicts: 'abort',
    slices: 1,
    requestsPerSecond: Number.POSITIVE_INFINITY,
    scroll: undefined,
    timeout: undefined,
    refresh: true,
    waitForActiveShards: undefined,
    ...call,
  }
}

const never = new AbortController().signal

export interface Sides {
  readonly source: Cluster
  readonly target: Cluster
}

export function reindex(
  sides: Sides,
  request: ReindexRequest,
  rest: Partial<ReindexRun> = {},
): Promise<ReindexOutcome> {
  return runReindex({
    ...sides,
    request,
    journal: new ReindexMemoryJournal(),
    createIndex: 'dynamic',
    taskName: 'test-1',
    requestsPerSecond: () => Number.POSITIVE_INFINITY,
    onStatus: () => {},
    cancel: never,
    stop: never,
    ...rest,
  })
}

/** id → `routing|version|source` of everything in an index. */
export async function contentOf(cluster: Cluster, index: string, withVersion = false): Promise<Map<string, string>> {
  await cluster.json({ method: 'POST', path: indexPath(index, '_refresh') })
  const { body } = await cluster.json<{
    hits: { hits: { _id: string; _routing?: string; _version: number; _source: object }[] }
  }>({
    method: 'POST',
    path: indexPath(index, '_search'),
    body: { size: 10_000, version: true },
    retry: 'safe',
  })
  return new Map(
    body.hits.hits.map(({ _id, _routing, _version, _source }) => [
      _id,
      `${_routing ?? ''}|${withVersion ? _version : ''}|${JSON.stringify(_source)}`,
    ]),
  )
}

export const documentsOf = (count: number, first = 1): BulkDocument[] =>
  Array.from({ length: count }, (_, at) => ({ id: `${first + at}`, source: `{"n":${first + at}}` }))
