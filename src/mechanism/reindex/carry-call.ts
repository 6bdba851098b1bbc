// Carries everything that one `_reindex` call reads, from where its journal says: listed once, then read and written to the end.
import type { Cluster } from '../../cluster/cluster.ts'
import { sleep } from '../../foundation/clock.ts'
import { IndexferryError, isErrorOf } from '../../foundation/errors.ts'
import type { ReindexFailure, ReindexRequest, ReindexStatus } from '../../model/reindex.ts'
import { hasLaterWrites, isLater, listReindexPartitions } from './list-reindex-partitions.ts'
import { ReindexCarriage, type ReindexDestination } from './reindex-carriage.ts'
import { CallCounts, handled, SliceCounts } from './reindex-counts.ts'
import type { FactsOf } from './reindex-facts.ts'
import type { ReindexJournal, ReindexPartition } from './reindex-journal.ts'
import { type ReadIndex, ReindexSource, readersOfCall } from './reindex-source.ts'

export interface CarriedCall {
  readonly request: ReindexRequest
  readonly source: Cluster
  readonly journal: ReindexJournal
  readonly facts: FactsOf
  readonly requestsPerSecond: () => number
  readonly onStatus: (status: ReindexStatus) => void
  readonly cancel: AbortSignal
  readonly stop: AbortSignal
  /** Makes the destination ready, before the first document is written and each time that the call goes on. */
  readonly openDestination: (indexes: readonly ReadIndex[]) => Promise<ReindexDestination>
}

export interface CarriedDocuments {
  readonly status: ReindexStatus
  readonly failures: readonly ReindexFailure[]
}

/** What is on its way when the call is cancelled or stopped may still arrive within this time. */
const graceMs = 2_000

/** Throws the reason of `stop` when it is stopped; then the same call goes on with the same journal. */
export async function carryCall(call: CarriedCall): Promise<CarriedDocuments> {
  const isResumed = call.journal.lastStatus() !== undefined || call.journal.listPartitions().length > 0
  if (!isResumed) await list(call)
  const counts = openCounts(call)
  call.onStatus(counts.live)
  const source = new ReindexSource({
    cluster: call.source,
    request: call.request,
    indexes: call.facts.all.indexes ?? [],
    onFault: () => {
      counts.slices[0]!.searchRetries++
    },
  })
  if (call.cancel.aborted) return ended(call, counts, [])
  call.stop.throwIfAborted()
  const destination = await call.openDestination(call.facts.all.indexes ?? [])
  const failures = await carryWithin(call, { source, destination, counts, isResumed })
  call.stop.throwIfAborted()
  return ended(call, counts, failures)
}

function ended(call: CarriedCall, counts: CallCounts, failures: readonly ReindexFailure[]): CarriedDocuments {
  if (call.cancel.aborted) {
    counts.reasonCancelled = String(call.cancel.reason ?? 'by user request')
    // The servers lift the limit of what they cancel.
    for (const slice of counts.slices) slice.requestsPerSecond = Number.POSITIVE_INFINITY
  }
  return { status: counts.live, failures }
}

async function list({ source, request, journal, facts }: CarriedCall): Promise<void> {
  const { indexes, partitions, sliceTotals } = await listReindexPartitions(source, request, () => {})
  facts.save({ indexes, sliceTotals })
  journal.savePartitions(
    partitions,
    capped(sliceTotals, request).reduce((sum, total) => sum + total, 0),
  )
}

const capped = (totals: readonly number[], { maxDocs }: ReindexRequest): number[] =>
  totals.map((total) => (maxDocs === undefined ? total : Math.min(total, Math.floor(maxDocs / totals.length))))

function openCounts({ request, journal, facts }: CarriedCall): CallCounts {
  const before = journal.lastStatus()?.status
  const totals = capped(facts.all.sliceTotals ?? [0], request)
  return new CallCounts(
    totals.map((total, slice) => {
      const own = totals.length === 1 ? before : before?.slices?.[slice]
      return new SliceCounts(total, request.source.size, own)
    }),
  )
}

interface Carrying {
  readonly source: ReindexSource
  readonly destination: ReindexDestination
  readonly counts: CallCounts
  readonly isResumed: boolean
}

async function carryWithin(call: CarriedCall, carrying: Carrying): Promise<readonly ReindexFailure[]> {
  const over = new AbortController()
  const done = new AbortController()
  const reading = AbortSignal.any([call.cancel, call.stop])
  const end = () =>
    void sleep(graceMs, done.signal).then(
      () => over.abort(reading.reason),
      () => {},
    )
  reading.addEventListener('abort', end, { once: true })
  try {
    return await carryRounds(call, carrying, reading, over.signal)
  } finally {
    reading.removeEventListener('abort', end)
    done.abort()
    await call.journal.flush()
  }
}

async function carryRounds(
  call: CarriedCall,
  { source, destination, counts, isResumed }: Carrying,
  reading: AbortSignal,
  writing: AbortSignal,
): Promise<readonly ReindexFailure[]> {
  const { request, journal, requestsPerSecond } = call
  const partitions = journal.listPartitions().filter(({ isDone }) => !isDone)
  const carriage = new ReindexCarriage({
    request,
    source,
    destination,
    counts,
    journal,
    partitions,
    isResumed,
    requestsPerSecond,
    onStatus: () => call.onStatus(counts.live),
    reading,
    writing,
  })
  try {
    const isOrdered = request.source.sort !== undefined
    await carriage.carry(counts.slices.length > 1 || isOrdered ? 1 : readersOfCall, false)
    if (reading.aborted || carriage.failures.length > 0 || hasMaximum(request, counts)) return carriage.failures
    const later = partitions.filter(({ partition }) => isLater(partition))
    const isChanged = await wasWritten(call.source, later)
    if (isChanged) await carriage.carry(1, true)
    if (!reading.aborted && carriage.failures.length === 0) checkTotal(call, counts, later.length > 0 && !isChanged)
    return carriage.failures
  } catch (error) {
    const failure = searchFailure(error)
    if (failure === undefined || reading.aborted) throw error
    return [...carriage.failures, failure]
  }
}

const hasMaximum = ({ maxDocs }: ReindexRequest, { live }: CallCounts): boolean =>
  maxDocs !== undefined && live.created + live.updated >= maxDocs

async function wasWritten(cluster: Cluster, later: readonly ReindexPartition[]): Promise<boolean> {
  const byIndex = new Map<string, ReindexPartition['partition'][]>()
  for (const { partition } of later) byIndex.set(partition.index, [...(byIndex.get(partition.index) ?? []), partition])
  for (const [index, partitions] of byIndex) {
    if (await hasLaterWrites(cluster, index, partitions.filter(isLater))) return true
  }
  return false
}

/**
 * A remote that was not written to since must have given all that it counted. Where it was, or cannot be watched, what was read is what
 * there is.
 */
function checkTotal({ request, source }: CarriedCall, counts: CallCounts, isUnchanged: boolean): void {
  if (request.maxDocs !== undefined) return
  const read = counts.slices.reduce((sum, { live }) => sum + handled(live), 0)
  const { total } = counts.live
  if (isUnchanged && read !== total) {
    const sentence = `source ${source.name}: ${read} documents were read of ${total} that the query finds`
    throw new IndexferryError('ANSWER_INVALID', sentence, { side: 'source', remedy: 'Start the call again.' })
  }
  for (const slice of counts.slices) slice.total = handled(slice.live)
}

/** What the servers answer as a failed search; anything else is an error of the whole call. */
function searchFailure(error: unknown): ReindexFailure | undefined {
  if (!isErrorOf(error, 'SHARD_FAILED', 'CONTEXT_LOST')) return undefined
  const { index, shard, status, errorType } = error.fields
  return {
    kind: 'search',
    index: typeof index === 'string' && index !== '' ? index : undefined,
    shard: typeof shard === 'number' && shard >= 0 ? shard : undefined,
    node: undefined,
    reason: {
      type:
        typeof errorType === 'string'
          ? errorType
          : error.code === 'CONTEXT_LOST'
            ? 'search_context_missing_exception'
            : 'search_phase_execution_exception',
      reason: error.message,
    },
    status: typeof status === 'number' ? status : error.code === 'CONTEXT_LOST' ? 404 : 503,
  }
}
