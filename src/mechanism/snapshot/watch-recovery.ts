// Watches restored indexes shard by shard until all of them are there, or one cannot come.
import type { Cluster } from '../../cluster/cluster.ts'
import { nameBatches } from '../../cluster/name-batches.ts'
import { indexPath } from '../../cluster/paths.ts'
import { awakeMs, monotonicMs } from '../../foundation/clock.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { formatDuration } from '../../foundation/quantity.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import { subjectOf } from './explain-refusal.ts'
import { pollPause } from './poll-pause.ts'

export interface RecoveryProgress {
  readonly shards: { readonly total: number; readonly done: number }
  readonly files: { readonly total: number; readonly done: number }
  readonly bytes: { readonly total: number; readonly done: number }
  readonly secondsLeft: number | undefined
}

export interface RestoredHealth {
  readonly status: string
  readonly shards: number
}

export interface WatchRecoveryRequest {
  readonly names: readonly string[]
  readonly repository: string
  readonly snapshot: string
  readonly signal: AbortSignal
  readonly onProgress?: (progress: RecoveryProgress) => void
  /** How long no shard may make a step while some wait for a place. Default 60 s. */
  readonly stalledMsMax?: number
}

const stalledMsDefault = 60_000
/** Questions in which a shard is to be seen as failed before it is believed: servers try some failures again by themselves. */
const failedMax = 5

/** The health of each index in the end. Throws RESTORE_FAILED with the shards and what stands against them. */
export async function watchRecovery(
  cluster: Cluster,
  request: WatchRecoveryRequest,
): Promise<ReadonlyMap<string, RestoredHealth>> {
  const { names, signal, onProgress } = request
  const stalledMsMax = request.stalledMsMax ?? stalledMsDefault
  const startedMs = monotonicMs()
  let steppedMs = awakeMs()
  let before = ''
  let failedSeen = 0
  for (let asked = 1; ; asked++) {
    signal.throwIfAborted()
    const health = await readHealth(cluster, names)
    const missing = names.filter((name) => !health.get(name)?.isWhole)
    if (missing.length === 0) return health
    const progress = await readRecovery(cluster, names, shardsOf(health))
    onProgress?.({ ...progress, secondsLeft: secondsLeft(progress, monotonicMs() - startedMs) })
    const step = JSON.stringify(progress)
    if (step !== before) steppedMs = awakeMs()
    before = step
    const isMoving = missing.some((name) => health.get(name)?.isMoving)
    failedSeen = isMoving ? 0 : failedSeen + 1
    const stalledMs = awakeMs() - steppedMs
    if (failedSeen >= failedMax || stalledMs > stalledMsMax) {
      const found = await explainShards(cluster, missing)
      const failed = found.filter(({ reason }) => reason === 'ALLOCATION_FAILED')
      if (failed.length > 0) throw restoreFailed(cluster, request, failed, 'could not be restored')
      if (stalledMs > stalledMsMax) {
        const how = `made no step for ${formatDuration(Math.round(stalledMs / 1000) * 1000)}`
        throw restoreFailed(cluster, request, found, how)
      }
    }
    await pollPause(asked, signal)
  }
}

interface IndexHealth extends RestoredHealth {
  /** Every primary shard is active. */
  readonly isWhole: boolean
  /** A shard that is missing is on its way. */
  readonly isMoving: boolean
  readonly active: number
}

const object = (value: unknown): JsonObject => (isJsonObject(value) ? value : {})

async function readHealth(cluster: Cluster, names: readonly string[]): Promise<Map<string, IndexHealth>> {
  const found = new Map<string, IndexHealth>()
  for (const batch of nameBatches(names)) {
    const { body } = await cluster.json<JsonObject>({
      method: 'GET',
      path: `/_cluster/health${indexPath(batch.join(','))}`,
      // An index that is not there makes the call wait for it: then 408 with what there is.
      query: { level: 'shards', timeout: '5s' },
      accept: [404, 408],
    })
    for (const [name, entry] of Object.entries(object(object(body).indices))) {
      if (batch.includes(name)) found.set(name, decodeIndexHealth(object(entry)))
    }
  }
  return found
}

function decodeIndexHealth(entry: JsonObject): IndexHealth {
  const shards = Object.values(object(entry.shards)).map(object)
  const inactive = shards.filter((shard) => shard.primary_active !== true)
  const total = Number(entry.number_of_shards ?? shards.length)
  return {
    status: String(entry.status),
    shards: total,
    active: shards.length - inactive.length,
    isWhole: shards.length === total && inactive.length === 0,
    isMoving: inactive.some((shard) => Number(shard.initializing_shards ?? 0) > 0),
  }
}

const shardsOf = (health: ReadonlyMap<string, IndexHealth>): { total: number; done: number } => {
  const all = [...health.values()]
  return {
    total: all.reduce((sum, { shards }) => sum + shards, 0),
    done: all.reduce((sum, { active }) => sum + active, 0),
  }
}

type Counted = Omit<RecoveryProgress, 'secondsLeft'>

async function readRecovery(
  cluster: Cluster,
  names: readonly string[],
  shards: RecoveryProgress['shards'],
): Promise<Counted> {
  const sum = { files: { total: 0, done: 0 }, bytes: { total: 0, done: 0 } }
  for (const shard of await listRecoveries(cluster, names)) {
    const { size, files } = object(shard.index)
    const [bytes, counts] = [object(size), object(files)]
    sum.bytes.total += Number(bytes.total_in_bytes ?? 0)
    sum.bytes.done += Number(bytes.recovered_in_bytes ?? 0) + Number(bytes.reused_in_bytes ?? 0)
    sum.files.total += Number(counts.total ?? 0)
    sum.files.done += Number(counts.recovered ?? 0) + Number(counts.reused ?? 0)
  }
  return { shards, ...sum }
}

/** Primary shards only: replicas are copied from them later. */
async function listRecoveries(cluster: Cluster, names: readonly string[]): Promise<JsonObject[]> {
  const found: JsonObject[] = []
  for (const batch of nameBatches(names)) {
    const { body } = await cluster.json<JsonObject>({
      method: 'GET',
      path: indexPath(batch.join(','), '_recovery'),
      query: { ignore_unavailable: true },
      accept: [404],
    })
    for (const name of batch) {
      const { shards } = object(object(body)[name])
      for (const shard of Array.isArray(shards) ? shards.filter(isJsonObject) : []) {
        if (shard.primary === true) found.push({ ...shard, name })
      }
    }
  }
  return found
}

function secondsLeft({ bytes, shards }: Counted, spentMs: number): number | undefined {
  if (bytes.done <= 0 || bytes.total <= bytes.done) return undefined
  // Shards that are not begun yet show no size; they are taken to be like the others.
  const begun = Math.max(1, shards.done)
  const wanted = bytes.total * Math.max(1, shards.total / Math.max(begun, shards.done))
  return ((wanted - bytes.done) / bytes.done) * (spentMs / 1000)
}

/**
 * Whether the shards of these indexes come from this snapshot, finished or on their way. An index that was merely opened again was
 * recovered from its own files.
 */
export async function comesFromSnapshot(
  cluster: Cluster,
  { names, repository, snapshot }: Pick<WatchRecoveryRequest, 'names' | 'repository' | 'snapshot'>,
): Promise<boolean> {
  const recoveries = await listRecoveries(cluster, names)
  const isOurs = (shard: JsonObject): boolean => {
    const source = object(shard.source)
    return String(shard.type) === 'SNAPSHOT' && source.repository === repository && source.snapshot === snapshot
  }
  if (!recoveries.every((shard) => isOurs(shard) || String(shard.type) === 'EMPTY_STORE')) return false
  const begun = new Set(recoveries.filter(isOurs).map(({ name }) => name))
  const others = names.filter((name) => !begun.has(name))
  if (others.length === 0) return true
  const waiting = await listUnassigned(cluster, others)
  const mark = `restore_source[${repository}/${snapshot}]`
  return others.every((name) => waiting.some((shard) => shard.index === name && shard.details.includes(mark)))
}

interface MissingShard {
  readonly index: string
  readonly shard: string
  readonly reason: string
  readonly details: string
}

async function listUnassigned(cluster: Cluster, names: readonly string[]): Promise<MissingShard[]> {
  const found: MissingShard[] = []
  for (const batch of nameBatches(names)) {
    const { body } = await cluster.json<unknown>({
      method: 'GET',
      path: `/_cat/shards${indexPath(batch.join(','))}`,
      query: { format: 'json', h: 'index,shard,prirep,state,unassigned.reason,unassigned.details' },
      accept: [404],
    })
    for (const row of Array.isArray(body) ? body.filter(isJsonObject) : []) {
      if (row.prirep !== 'p' || row.state === 'STARTED') continue
      found.push({
        index: String(row.index),
        shard: String(row.shard),
        reason: String(row['unassigned.reason'] ?? ''),
        details: String(row['unassigned.details'] ?? ''),
      })
    }
  }
  return found
}

/** With what the allocation says where the shard itself says nothing. */
async function explainShards(cluster: Cluster, names: readonly string[]): Promise<MissingShard[]> {
  const missing = await listUnassigned(cluster, names)
  const [first] = missing
  if (!first || first.reason === 'ALLOCATION_FAILED') return missing
  const { body } = await cluster.json<JsonObject>({
    method: 'POST',
    path: '/_cluster/allocation/explain',
    body: { index: first.index, shard: Number(first.shard), primary: true },
    accept: [400, 404, 405],
  })
  const decisions = Array.isArray(object(body).node_allocation_decisions) ? object(body).node_allocation_decisions : []
  const said = (decisions as unknown[])
    .flatMap((node) => object(node).deciders ?? [])
    .filter(isJsonObject)
    .filter(({ decision }) => decision === 'NO')
    .map(({ explanation }) => String(explanation))
  const details = said[0] ?? String(object(body).allocate_explanation ?? first.details)
  return [{ ...first, details }, ...missing.slice(1)]
}

function restoreFailed(
  cluster: Cluster,
  { repository, snapshot }: WatchRecoveryRequest,
  shards: readonly MissingShard[],
  how: string,
): IndexferryError {
  const [first] = shards
  const told = first ? `: ${first.index}[${first.shard}] ${innermost(first.details)}` : ''
  const sentence = `${subjectOf(cluster)}: ${shards.length} shards of the snapshot ${snapshot} ${how}${told}`
  const lacksPlugin = /No handler for type|[Uu]nknown (\w+ )?(type|analyzer|tokenizer|filter)|failed to find/.test(
    first?.details ?? '',
  )
  return new IndexferryError(lacksPlugin ? 'RESTORE_LACKS_PLUGIN' : 'RESTORE_FAILED', sentence, {
    side: cluster.side,
    fields: { repository, snapshot, shards: shards.length, index: first?.index ?? null },
  })
}

/** `…; nested: A[…]; nested: NoSuchFileException[…]; ` says most at its end. */
function innermost(details: string): string {
  const parts = details
    .split('; nested: ')
    .map((part) => part.trim())
    .filter(Boolean)
  const last = (parts.at(-1) ?? details).replace(/;\s*$/, '')
  return last.length > 400 ? `${last.slice(0, 400)}…` : last
}
