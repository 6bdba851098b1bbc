// How a reindex is told: the status of its task, and the answer at its end, field by field in the servers' order.
import { parseExactJson } from '../../../foundation/exact-json.ts'
import { type ClusterVersion, isAtLeast } from '../../../model/cluster-version.ts'
import type { JsonObject, JsonValue } from '../../../model/json.ts'
import type { ReindexFailure, ReindexOutcome, ReindexStatus } from '../../../model/reindex.ts'
import { printFloat, printTime } from './java-values.ts'

export interface AnswerForm {
  /** The version whose answer it is. */
  readonly server: ClusterVersion
  /** `?human`: durations also as text. */
  readonly human?: boolean
}

/** BulkByScrollTask.Status. */
export function statusBody(status: ReindexStatus, { human = false }: Pick<AnswerForm, 'human'> = {}): JsonObject {
  return { ...ownStatus(status, human), ...(status.slices && { slices: slicesOf(status.slices, human) }) }
}

const slicesOf = (slices: readonly (ReindexStatus | undefined)[], human: boolean): JsonValue[] =>
  slices.map((slice, slice_id) => (slice ? { slice_id, ...ownStatus(slice, human) } : null))

function ownStatus(status: ReindexStatus, human: boolean): JsonObject {
  const { total, updated, created, deleted, batches, noops, reasonCancelled } = status
  return {
    ...{ total, updated, created, deleted, batches },
    version_conflicts: status.versionConflicts,
    noops,
    retries: { bulk: status.bulkRetries, search: status.searchRetries },
    ...(human && { throttled: printTime(status.throttledMs) }),
    throttled_millis: Math.floor(status.throttledMs),
    requests_per_second: floatBody(status.requestsPerSecond),
    ...(reasonCancelled !== undefined && { canceled: reasonCancelled }),
    ...(human && { throttled_until: printTime(status.throttledUntilMs) }),
    throttled_until_millis: Math.floor(status.throttledUntilMs),
  }
}

/** A float with the digit behind the point that Java prints: `-1.0` for none, `500.0`. */
const floatBody = (number: number): JsonValue =>
  parseExactJson(number === Infinity ? '-1.0' : printFloat(number)) as JsonValue

/** BulkByScrollResponse. */
export function responseBody(outcome: ReindexOutcome, form: AnswerForm): JsonObject {
  const { status, failures } = outcome
  return {
    took: Math.floor(outcome.tookMs),
    timed_out: outcome.timedOut,
    ...statusBody(status, form),
    failures: failures.map((failure) => failureBody(failure, form.server)),
  }
}

/** Bulk failures had a type as long as documents had one. */
function failureBody(failure: ReindexFailure, server: ClusterVersion): JsonObject {
  if (failure.kind === 'bulk') {
    const { index, type, id, cause, status } = failure
    const typed = !isAtLeast(server, 'opensearch', 2) && !isAtLeast(server, 'elasticsearch', 8)
    return { index, ...(typed && { type: type ?? '_doc' }), id, cause, status }
  }
  const { index, shard, node, status, reason } = failure
  return {
    ...(index !== undefined && { index }),
    ...(shard !== undefined && { shard }),
    ...(node !== undefined && { node }),
    status,
    reason,
  }
}

/** The highest status of the failures, or 408, or 200. */
export function answerStatus({ failures, timedOut }: ReindexOutcome): number {
  return Math.max(timedOut ? 408 : 200, ...failures.map(({ status }) => status))
}
