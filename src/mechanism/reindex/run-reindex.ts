// Carries out one `_reindex` call from a remote cluster into the local one. Started again with the same journal it goes on where it was.
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { monotonicMs } from '../../foundation/clock.ts'
import { parseDuration } from '../../foundation/quantity.ts'
import type { ReindexOutcome, ReindexRequest, ReindexStatus } from '../../model/reindex.ts'
import { readDefinition } from '../../source/read-definition.ts'
import { ReindexTarget } from '../../target/reindex-target.ts'
import { bulkFormOf } from './bulk-form.ts'
import { type CarriedDocuments, carryCall } from './carry-call.ts'
import { createFindOwn, readDestinationBefore } from './own-writes.ts'
import { finishDestination, prepareDestination } from './reindex-destination.ts'
import { FactsOf } from './reindex-facts.ts'
import type { ReindexJournal } from './reindex-journal.ts'
import { unlessForbidden } from './reindex-source.ts'
import { runScripted } from './scripted-reindex.ts'

export interface ReindexRun {
  readonly request: ReindexRequest
  /** The remote. */
  readonly source: Cluster
  /** The local cluster. */
  readonly target: Cluster
  readonly journal: ReindexJournal
  /** A missing destination is created from the source's definition, or left to the cluster. */
  readonly createIndex: 'fromSource' | 'dynamic'
  /** Names staging indexes; of letters, digits, `-` and `_` that index names may have. */
  readonly taskName: string
  /** Documents per second now; Infinity without a limit. */
  readonly requestsPerSecond: () => number
  readonly onStatus: (status: ReindexStatus) => void
  readonly cancel: AbortSignal
  readonly stop: AbortSignal
}

const writersMax = 8
const bodyBytesMax = 2 * 1024 * 1024

/** Longer than the destination's own time limit for a bulk request, so that its answer is waited for. */
const answerRoomMs = 30_000
const readTimeoutMs = 120_000

/**
 * Resolves when the call has ended, also when it was cancelled or a document was refused. Throws the reason of `stop` when it was
 * stopped, and otherwise what makes the call impossible.
 */
export async function runReindex(run: ReindexRun): Promise<ReindexOutcome> {
  const startedMs = monotonicMs()
  const facts = new FactsOf(run.journal)
  const { status, failures } = await (run.request.script === undefined ? runPlain(run, facts) : runScripted(run, facts))
  const tookMs = Math.round(monotonicMs() - startedMs)
  return { status, tookMs, timedOut: false, failures, notes: facts.all.notes ?? [] }
}

async function runPlain(run: ReindexRun, facts: FactsOf): Promise<CarriedDocuments> {
  const { request, target } = run
  const options = { ...run, facts }
  try {
    const carried = await carryCall({
      ...run,
      facts,
      openDestination: async (indexes) => {
        if (facts.all.before === undefined)
          facts.save({ before: await readDestinationBefore(target, request.dest.index) })
        // Without documents the servers create nothing.
        const isAnythingFound = facts.all.sliceTotals?.some((total) => total > 0) ?? true
        if (!facts.all.isPrepared && isAnythingFound && run.journal.listPartitions().length > 0) {
          await prepareDestination(options, indexes)
          facts.save({ isPrepared: true })
        }
        return openTarget(run, facts)
      },
    })
    const { created, updated } = carried.status
    if (request.refresh && created + updated > 0 && carried.status.reasonCancelled === undefined) {
      await finishDestination(options)
      await target.json({ method: 'POST', path: indexPath(request.dest.index, '_refresh'), retry: 'safe' })
    }
    return carried
  } finally {
    // A call that is stopped goes on, with the settings relaxed as they are.
    if (!run.stop.aborted) await finishDestination(options)
  }
}

async function openTarget(run: ReindexRun, facts: FactsOf): Promise<ReindexTarget> {
  const { request, target } = run
  const { dest, timeout, waitForActiveShards } = request
  const { mappingTypes } = target.capabilities
  const isTyped = mappingTypes === 'several' || mappingTypes === 'one'
  const documentType = isTyped ? (facts.all.documentType ?? (await readDocumentType(run))) : undefined
  const before = facts.all.before ?? { kind: 'unknown' }
  const timeoutMs = timeout === undefined ? undefined : parseDuration(timeout)
  return new ReindexTarget({
    cluster: target,
    index: dest.index,
    form: bulkFormOf(request, target, documentType),
    documentType,
    parameters: {
      pipeline: dest.pipeline,
      require_alias: dest.requireAlias || undefined,
      timeout,
      wait_for_active_shards: waitForActiveShards,
    },
    readTimeoutMs: timeoutMs === undefined ? undefined : Math.max(readTimeoutMs, timeoutMs + answerRoomMs),
    // An order of documents is kept by sending one request after the other.
    writersMax: request.source.sort === undefined ? writersMax : 1,
    bodyBytesMax,
    findOwn: createFindOwn(target, request, before),
    wasEmpty: before.kind === 'empty',
    hasUniqueIds: facts.all.indexes?.length === 1,
  })
}

/** The type that documents have in the destination; undefined when each keeps its own (before 6.0, from a source that has types). */
async function readDocumentType({ request, source, target }: ReindexRun): Promise<string | undefined> {
  const { status } = await target.bytes({ method: 'HEAD', path: indexPath(request.dest.index), accept: [404] })
  const there = status === 404 ? undefined : await unlessForbidden(() => readDefinition(target, request.dest.index))
  if (there?.types.length === 1) return there.types[0]
  if (target.capabilities.mappingTypes === 'one') return '_doc'
  return source.capabilities.mappingTypes === 'none' ? 'doc' : undefined
}
