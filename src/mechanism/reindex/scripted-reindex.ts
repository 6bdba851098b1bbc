// A `_reindex` with a script: scripts run in the cluster only. So the documents of the remote are kept in staging indexes of the local
// cluster first, and its own `_reindex` takes them from there through the script. Counters, `ctx.op` and failures are the cluster's own.

import { indexPath } from '../../cluster/paths.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { noReindexStatus, type ReindexRequest, type ReindexStatus } from '../../model/reindex.ts'
import { type CarriedDocuments, carryCall } from './carry-call.ts'
import { findClusterReindex, startClusterReindex, watchClusterReindex } from './cluster-reindex.ts'
import { rehearseScript } from './rehearse-script.ts'
import { finishDestination, prepareDestination } from './reindex-destination.ts'
import type { FactsOf } from './reindex-facts.ts'
import type { ReindexRun } from './run-reindex.ts'
import { deleteStaging, listStaging, StagingIndexes } from './staging-index.ts'

/** Staging indexes have as many shards as the call has slices, which read them at the same time; not more than this. */
const shardsMax = 20

/** How often the cluster's call is started again when the cluster forgets it, as a restart of its node makes it do. */
const startsMax = 5

export async function runScripted(run: ReindexRun, facts: FactsOf): Promise<CarriedDocuments> {
  const { target, request } = run
  const name = facts.all.staging ?? `.indexferry-reindex-${run.taskName.toLowerCase()}`
  if (facts.all.staging === undefined) {
    facts.save({ staging: name })
    facts.note(
      `the script runs in the cluster's own _reindex, over documents kept in ${name}-*; ctx._index is the name of that staging index`,
    )
  }
  const options = { ...run, facts }
  try {
    if (!facts.all.isStaged) {
      const staged = await stage(run, facts, name)
      if (staged.status.reasonCancelled !== undefined || staged.failures.length > 0)
        return { ...staged, status: asUnwritten(staged.status) }
      await target.json({
        method: 'POST',
        path: indexPath(`${name}-*`, '_refresh'),
        query: hiddenToo(run),
        retry: 'safe',
      })
      const unwritten = await rehearseScript(run, inSlices(run, facts), name, await listStaging(target, name))
      if (!unwritten) await prepareDestination(options, facts.all.indexes ?? [])
      facts.save({ isStaged: true })
      if (unwritten) return unwritten
    }
    const stagings = await listStaging(target, name)
    if (stagings.length > 0) return await runInCluster(run, facts, name, stagings)
    return { status: asUnwritten(run.journal.lastStatus()?.status ?? unlimited), failures: [] }
  } finally {
    if (!run.stop.aborted) {
      await deleteStaging(target, name)
      await finishDestination(options)
      if (request.refresh && facts.all.created)
        await target.json({ method: 'POST', path: indexPath(request.dest.index, '_refresh'), accept: [404] })
    }
  }
}

const hiddenToo = ({ target }: ReindexRun): Record<string, string> =>
  target.capabilities.hiddenIndexes ? { expand_wildcards: 'all' } : {}

/** Everything that the query finds is kept: which documents `max_docs` counts is for the script to say. In an order it may stop there. */
function stage(run: ReindexRun, facts: FactsOf, name: string): Promise<CarriedDocuments> {
  const { request, target } = run
  const slices = request.slices === 'auto' ? 'auto' : 1
  return carryCall({
    ...run,
    facts,
    request: {
      ...request,
      slices,
      maxDocs: undefined,
      conflicts: 'abort',
      dest: { ...request.dest, opType: 'index', versionType: 'external' },
    },
    // The rate is that of the documents that the script writes.
    requestsPerSecond: () => Number.POSITIVE_INFINITY,
    onStatus: (status) => run.onStatus(asUnwritten(status)),
    openDestination: async () =>
      new StagingIndexes({
        cluster: target,
        request,
        name,
        shards: request.source.sort === undefined ? Math.min(shardsMax, facts.all.sliceTotals?.length ?? 1) : 1,
      }),
  })
}

async function runInCluster(
  run: ReindexRun,
  facts: FactsOf,
  name: string,
  stagings: readonly string[],
): Promise<CarriedDocuments> {
  const { target, requestsPerSecond } = run
  for (let starts = 1; ; starts++) {
    const known = facts.all.clusterTask ?? (await findClusterReindex(target, name))
    const task = known ?? (await startClusterReindex(target, inSlices(run, facts), stagings, requestsPerSecond()))
    facts.save({ clusterTask: task })
    const end = await watchClusterReindex(target, task, run)
    if (end) return end
    facts.save({ clusterTask: undefined })
    if (starts < startsMax) continue
    const sentence = `${target.name}: the cluster forgot its own _reindex ${startsMax} times`
    throw new IndexferryError('REQUEST_REFUSED', sentence, { side: target.side })
  }
}

/** Stagings have fewer shards than the remote when documents have routings; the cluster would take fewer slices. */
const inSlices = ({ request }: ReindexRun, { all }: FactsOf): ReindexRequest => ({
  ...request,
  slices: request.slices === 'auto' ? (all.sliceTotals?.length ?? 1) : request.slices,
})

const unlimited: ReindexStatus = { ...noReindexStatus, requestsPerSecond: Number.POSITIVE_INFINITY }

/** While documents are only kept in staging indexes, nothing is written. */
const asUnwritten = ({ total, searchRetries, reasonCancelled }: ReindexStatus): ReindexStatus => ({
  ...unlimited,
  total,
  searchRetries,
  reasonCancelled,
})
