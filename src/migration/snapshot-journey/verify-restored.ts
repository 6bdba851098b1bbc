// The verifications of the documents (count, health, recovery, spot check), and the content of every document besides.
import { join } from 'node:path'
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import { isWhole, type ShardsOfAnswer } from '../../source/search-answer.ts'
import { verifyIndexes } from '../../verify/verify.ts'
import { openGroup } from '../verify-copy.ts'
import type { JourneyContext } from './journey-context.ts'
import type { JourneyCheck, RestoredRecord } from './journey-record.ts'

type Found = Omit<JourneyCheck, 'index'>

/** Looks at everything, so that one run tells all that is wrong. */
export async function verifyRestored(context: JourneyContext): Promise<readonly JourneyCheck[]> {
  const checks: JourneyCheck[] = []
  for (const restored of context.journal.record.cycle.restored) {
    context.signal.throwIfAborted()
    for (const check of [countDocuments, readHealth, readRecovery, spotCheck, compareContent]) {
      checks.push({ index: restored.name, ...(await check(context, restored)) })
    }
  }
  return checks
}

/** Checks that fail because the source has something that the last snapshot has not. */
export const isDifference = ({ check, isGood }: JourneyCheck): boolean =>
  !isGood && (check === 'count' || check === 'content' || check === 'spot check')

async function countDocuments({ source, target }: JourneyContext, { from, name }: RestoredRecord): Promise<Found> {
  const [left, right] = [await countOf(source, from), await countOf(target, name)]
  return { check: 'count', isGood: left === right, found: left === right ? `${left}` : `${left} ≠ ${right}` }
}

async function countOf(cluster: Cluster, index: string): Promise<number> {
  await cluster.json({ method: 'POST', path: indexPath(index, '_refresh'), retry: 'safe' })
  const { body } = await cluster.json<{ readonly count: number; readonly _shards: ShardsOfAnswer }>({
    method: 'GET',
    path: indexPath(index, '_count'),
  })
  return isWhole(body._shards) ? body.count : Number.NaN
}

async function readHealth({ target, plan, signal }: JourneyContext, { name }: RestoredRecord): Promise<Found> {
  const { health, healthWithinMs } = plan.cutOver
  const seconds = Math.max(1, Math.ceil(healthWithinMs / 1000))
  const { body } = await target.json<JsonObject>({
    method: 'GET',
    path: `/_cluster/health${indexPath(name)}`,
    query: { wait_for_status: health, timeout: `${seconds}s` },
    accept: [408],
    readTimeoutMs: healthWithinMs + 30_000,
    signal,
  })
  const status = String(body.status)
  return { check: 'health', isGood: status === 'green' || status === health, found: status }
}

async function readRecovery({ target, plan, journal }: JourneyContext, { name }: RestoredRecord): Promise<Found> {
  const { body } = await target.json<JsonObject>({ method: 'GET', path: indexPath(name, '_recovery') })
  const entry = isJsonObject(body[name]) ? body[name] : {}
  const shards = (Array.isArray(entry.shards) ? entry.shards : []).filter(isJsonObject)
  const done = shards.filter(({ stage }) => stage === 'DONE').length
  const { snapshot } = journal.record.cycle
  // A primary that moved to another node since has no trace of the snapshot.
  const others = shards.filter(({ primary, source }) => {
    const from = isJsonObject(source) ? source : {}
    const isRestored = primary === true && from.repository === plan.target.repository.name
    return isRestored && from.snapshot !== snapshot
  })
  const isGood = shards.length > 0 && done === shards.length && others.length === 0
  const elsewhere = others.length > 0 ? `, ${others.length} of another snapshot` : ''
  return { check: 'recovery', isGood, found: `${done} of ${shards.length} shards done${elsewhere}` }
}

/** A few documents of the target, each beside the one of the same id on the source. */
async function spotCheck({ source, target, plan }: JourneyContext, { from, name }: RestoredRecord): Promise<Found> {
  const [theirs, ours] = [await someDocuments(target, name, plan.cutOver.spotCheck), source]
  let same = 0
  const wrong: string[] = []
  for (const { id, content } of theirs) {
    const found = await findDocument(ours, from, id)
    if (found.includes(content)) same++
    else wrong.push(id)
  }
  const found = wrong.length === 0 ? `${same} equal` : `${wrong.length} of ${theirs.length} differ: ${wrong.join(', ')}`
  return { check: 'spot check', isGood: wrong.length === 0, found }
}

interface SpotDocument {
  readonly id: string
  /** Type, routing and source. */
  readonly content: string
}

async function someDocuments(cluster: Cluster, index: string, size: number): Promise<SpotDocument[]> {
  return search(cluster, index, { size })
}

/** By a search: a document may have any routing, and one id may be there in several types. */
async function findDocument(cluster: Cluster, index: string, id: string): Promise<string[]> {
  const found = await search(cluster, index, { size: 10, query: { ids: { values: [id] } } })
  return found.map(({ content }) => content)
}

async function search(cluster: Cluster, index: string, body: JsonObject): Promise<SpotDocument[]> {
  const { body: answer } = await cluster.json<JsonObject>({
    method: 'POST',
    path: indexPath(index, '_search'),
    body,
    retry: 'safe',
  })
  const hits = isJsonObject(answer.hits) && Array.isArray(answer.hits.hits) ? answer.hits.hits : []
  return hits.filter(isJsonObject).map(({ _id, _routing, _source }) => ({
    id: String(_id),
    content: JSON.stringify([_routing ?? null, _source ?? null]),
  }))
}

const documentBytesMax = 100 * 1024 * 1024

/** Every document, byte for byte. */
async function compareContent(context: JourneyContext, { from, name }: RestoredRecord): Promise<Found> {
  const { source, target, stateFolder, journal, plan, signal, onProgress } = context
  const reading = { query: undefined, fields: undefined, readers: 2, documentBytesMax }
  const sides = {
    source: { kind: 'cluster', cluster: source, expression: from },
    target: { kind: 'cluster', cluster: target, name },
    reading,
    edits: { rename: [], drop: [], set: [] },
    transformModule: undefined,
  } as const
  const unit = { name: from, sourceIndex: from, targetIndex: name }
  const compared = await openGroup({ name: from, target: name, units: [unit] }, sides)
  const { report } = await verifyIndexes(compared, {
    signal,
    stateFolder: join(stateFolder, 'verify', `migration-${encodeURIComponent(plan.name)}-${encodeURIComponent(from)}`),
    // What was read of another snapshot says nothing about this one.
    fingerprint: `${plan.name} ${journal.record.startedMs} ${journal.record.cycle.snapshot}`,
    onProgress: (progress) => onProgress({ kind: 'verify', index: name, documents: progress.target.documents }),
  })
  const { verdict, differences } = report
  const found =
    verdict === 'equal'
      ? `${report.target.documents} documents equal`
      : `${verdict}, ${differences.total} documents differ`
  return { check: 'content', isGood: verdict === 'equal', found }
}
