// Tries on one source index every kind of call that a copy makes, and brings back what they tell: counts, sizes, a sample.
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import type { WayToRead } from '../../source/open-search-source.ts'
import { closePointInTime, openPointInTime } from '../../source/point-in-time-context.ts'
import { readSearchAnswer } from '../../source/search-answer.ts'
import {
  countSelected,
  filteredQuery,
  hitContents,
  type SearchSelection,
  selectionFilters,
} from '../../source/selection.ts'
import { readShardCheckpoints } from '../../source/shard-checkpoints.ts'
import { type Finding, finding } from './assessment.ts'
import { attemptCall } from './attempt-call.ts'

export interface SourceProbe {
  readonly documents: number | undefined
  readonly bytes: number | undefined
  readonly documentBytes: number | undefined
  readonly findings: readonly Finding[]
}

export async function probeSourceIndex(
  selection: SearchSelection,
  way: WayToRead | undefined,
  signal: AbortSignal,
): Promise<SourceProbe> {
  const { cluster, index } = selection
  const findings: Finding[] = []
  await attemptCall(findings, { check: 'reading', what: `refresh ${index}`, severity: 'warning', without: waits }, () =>
    cluster.json({ method: 'POST', path: indexPath(index, '_refresh'), retry: 'safe', signal }),
  )
  const search = { check: 'reading', what: `search ${index}` } as const
  const documents = await attemptCall(findings, search, () => countSelected(selection))
  const size = cluster.capabilities.clusterCalls
    ? await attemptCall(findings, { check: 'reading', what: `read the statistics of ${index}` }, () =>
        readSize(cluster, index),
      )
    : undefined
  const documentBytes =
    documents === undefined
      ? undefined
      : await attemptCall(findings, search, () => sampleDocuments(selection, size, signal))
  await probeWay(findings, selection, way, signal)
  const share = size && documents !== undefined && size.documents > 0 ? Math.min(1, documents / size.documents) : 1
  return { documents, bytes: size && Math.round(size.bytes * share), documentBytes, findings }
}

const waits = 'the copy waits for the index to refresh by itself'

interface IndexSize {
  /** Nested ones included, as Lucene counts them. */
  readonly documents: number
  readonly bytes: number
}

async function readSize(cluster: Cluster, index: string): Promise<IndexSize> {
  const { body } = await cluster.json<unknown>({ method: 'GET', path: indexPath(index, '_stats/docs,store') })
  const at = (value: unknown, ...path: string[]): unknown =>
    path.reduce((found, name) => (isJsonObject(found) ? found[name] : undefined), value)
  return {
    documents: Number(at(body, '_all', 'primaries', 'docs', 'count') ?? 0),
    bytes: Number(at(body, '_all', 'primaries', 'store', 'size_in_bytes') ?? 0),
  }
}

/** Enough for an average, and little enough that no source feels it. */
const sampleBytes = 1024 * 1024
const sampleDocumentsMax = 100

/** The average size of a document as JSON; the answer is not read further than needed, however large its documents are. */
async function sampleDocuments(
  selection: SearchSelection,
  size: IndexSize | undefined,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { cluster, index, documentBytesMax } = selection
  const stored = size && size.documents > 0 ? size.bytes / size.documents : 1024
  const body: JsonObject = {
    ...hitContents(selection),
    size: Math.max(1, Math.min(sampleDocumentsMax, Math.floor(sampleBytes / Math.max(1, stored)))),
    query: filteredQuery(selectionFilters(selection), cluster.capabilities.boolFilter),
  }
  const answer = await cluster.stream({
    method: 'POST',
    path: indexPath(index, '_search'),
    body,
    retry: 'safe',
    signal,
  })
  const reading = {
    side: cluster.side,
    batchBytes: sampleBytes,
    hitBytesMax: documentBytesMax,
    bytesExpected: answer.bytesExpected,
  }
  let documents = 0
  let bytes = 0
  for await (const batch of readSearchAnswer(answer.body, reading)) {
    documents += batch.count
    bytes += batch.sourceBytes()
    if (bytes >= sampleBytes) break
  }
  return documents === 0 ? undefined : bytes / documents
}

/** The calls of one way of reading: checkpoints and a single shard, a scroll, or a point in time, opened and closed again. */
async function probeWay(
  findings: Finding[],
  { cluster, index }: SearchSelection,
  way: WayToRead | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (way === 'sequence') {
    const what = `read the checkpoints of ${index}`
    const shards = await attemptCall(findings, { check: 'reading', what }, () => readShardCheckpoints(cluster, index))
    if (shards) findings.push(finding('health', 'ok', `all shards are there with their global checkpoints`))
  }
  if (way !== 'pointInTime' && cluster.capabilities.clusterCalls) {
    await attemptCall(findings, { check: 'reading', what: `search single shards of ${index}` }, () =>
      cluster.json({
        method: 'POST',
        path: indexPath(index, '_search'),
        query: { preference: '_shards:0' },
        body: { size: 0 },
        retry: 'safe',
        signal,
      }),
    )
  }
  if (way === 'scroll') await probeScroll(findings, cluster, index, signal)
  if (way === 'pointInTime') {
    const part = { kind: 'pointInTime', id: index, index } as const
    const what = `open points in time of ${index}`
    const id = await attemptCall(findings, { check: 'reading', what }, () => openPointInTime({ cluster }, part, signal))
    if (id !== undefined) await closePointInTime(cluster, id)
  }
}

async function probeScroll(findings: Finding[], cluster: Cluster, index: string, signal: AbortSignal): Promise<void> {
  const opened = await attemptCall(findings, { check: 'reading', what: `scroll through ${index}` }, async () => {
    const { body } = await cluster.json<{ readonly _scroll_id?: string }>({
      method: 'POST',
      path: indexPath(index, '_search'),
      query: { scroll: '1m' },
      body: { size: 1, _source: false },
      signal,
    })
    return body._scroll_id
  })
  if (opened === undefined) return
  const { scrollIdInJson } = cluster.capabilities
  const next = scrollIdInJson
    ? { body: { scroll: '1m', scroll_id: opened } }
    : { query: { scroll: '1m' }, body: Buffer.from(opened) }
  await attemptCall(findings, { check: 'reading', what: `go on with a scroll` }, () =>
    cluster.json({ method: 'POST', path: '/_search/scroll', ...next, signal }),
  )
  const without = 'scrolls stay open on the source until their time is over'
  await attemptCall(findings, { check: 'reading', what: 'close scrolls', severity: 'warning', without }, () =>
    cluster.json({
      method: 'DELETE',
      path: '/_search/scroll',
      body: scrollIdInJson ? { scroll_id: [opened] } : Buffer.from(opened),
      accept: [404],
    }),
  )
}
