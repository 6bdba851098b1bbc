// Compares what two stores hold, without copying anything.
import { asIndexferryError } from '../foundation/errors.ts'
import { compareContents } from './compare-contents.ts'
import { mergeListings, type Pair } from './merge-listings.ts'
import { isMd5 } from './object-checksum.ts'
import type { ObjectEntry, ObjectStore } from './object-store.ts'
import { patientRetries, type RetryRules, retrying } from './retry.ts'

export type AuditLevel = 'simple' | 'general' | 'detailed'

export interface AuditRequest {
  readonly source: ObjectStore
  readonly target: ObjectStore
  readonly sourcePrefix: string
  readonly targetPrefix: string
  readonly level: AuditLevel
  /** Objects that only the target has are differences. */
  readonly exact: boolean
  readonly sinceMs?: number | undefined
  readonly transfers: number
  readonly signal: AbortSignal
  readonly retries?: RetryRules
  /** Called for each difference; nothing keeps them. */
  readonly onDifference: (difference: ObjectDifference) => void
  readonly onProgress?: (compared: number, bytesRead: number) => void
}

export interface ObjectDifference {
  /** Relative to both base paths. */
  readonly key: string
  readonly kind: 'missing' | 'extra' | 'size' | 'older' | 'etag' | 'content' | 'changing'
  readonly source?: string | number
  readonly target?: string | number
}

export interface AuditResult {
  readonly level: AuditLevel
  readonly sourceObjects: number
  readonly targetObjects: number
  readonly equal: number
  readonly differences: number
  readonly extra: number
  readonly bytesRead: number
}

type BothListed = Pair & { readonly source: ObjectEntry; readonly target: ObjectEntry }

export async function auditObjects(request: AuditRequest): Promise<AuditResult> {
  const { source, target, sourcePrefix, targetPrefix, signal } = request
  const totals = { sourceObjects: 0, targetObjects: 0, equal: 0, differences: 0, extra: 0, bytesRead: 0 }
  const tell = (difference: ObjectDifference) => {
    totals.differences++
    request.onDifference(difference)
  }
  const reading = new Set<Promise<void>>()
  let failure: unknown
  const askLater = async (ask: () => Promise<ObjectDifference | undefined>, bytes: number) => {
    while (reading.size >= request.transfers) await Promise.race(reading)
    const one: Promise<void> = ask()
      .then((difference) => {
        totals.bytesRead += bytes
        if (difference) tell(difference)
        else totals.equal++
      })
      .catch((error: unknown) => {
        failure ??= error
      })
      .finally(() => reading.delete(one))
    reading.add(one)
  }
  const pairs = mergeListings(
    { pages: source.list(sourcePrefix, signal), prefix: sourcePrefix },
    { pages: target.list(targetPrefix, signal), prefix: targetPrefix },
  )
  try {
    for await (const page of pairs) {
      for (const pair of page) {
        if (failure) throw failure
        if (pair.source) totals.sourceObjects++
        if (pair.target) totals.targetObjects++
        if (!pair.source) {
          totals.extra++
          if (request.exact) tell({ key: pair.key, kind: 'extra', target: pair.target?.size ?? 0 })
          continue
        }
        if (request.sinceMs !== undefined && pair.source.modifiedMs < request.sinceMs) continue
        const difference = compareListed(request, pair)
        const both = pair as BothListed
        if (difference?.kind === 'etag') await askLater(() => compareEtags(request, both, difference), 0)
        else if (difference) tell(difference)
        else if (request.level === 'detailed') await askLater(() => readBoth(request, both), both.source.size * 2)
        else totals.equal++
      }
      request.onProgress?.(totals.sourceObjects, totals.bytesRead)
    }
  } finally {
    await Promise.all(reading)
  }
  if (failure) throw failure
  return { level: request.level, ...totals }
}

/** What the lists alone tell. */
function compareListed(
  { level, source: store, target: other }: AuditRequest,
  pair: Pair,
): ObjectDifference | undefined {
  const { key, source, target } = pair
  if (!source) return undefined
  if (!target) return { key, kind: 'missing', source: source.size }
  if (source.size !== target.size) return { key, kind: 'size', source: source.size, target: target.size }
  if (level !== 'general') return undefined
  if (store.abilities.etagIsMd5 && other.abilities.etagIsMd5 && isMd5(source.etag) && isMd5(target.etag)) {
    if (source.etag.toLowerCase() === target.etag.toLowerCase()) return undefined
    return { key, kind: 'etag', source: source.etag, target: target.etag }
  }
  return compareTimes({ key, source, target })
}

function compareTimes({ key, source, target }: BothListed): ObjectDifference | undefined {
  if (target.modifiedMs >= source.modifiedMs) return undefined
  return { key, kind: 'older', source: timeOf(source), target: timeOf(target) }
}

/** Other ETags say that contents differ, unless one of them is no MD5, which only the object itself tells. */
async function compareEtags(
  { source, target, ...request }: AuditRequest,
  pair: BothListed,
  difference: ObjectDifference,
): Promise<ObjectDifference | undefined> {
  const rules = { ...(request.retries ?? patientRetries), signal: request.signal }
  for (const [store, { key }] of [
    [source, pair.source],
    [target, pair.target],
  ] as const) {
    const head = await retrying(rules, () => store.head(key, request.signal))
    if (head?.isEtagOpaque) return compareTimes(pair)
  }
  return difference
}

const timeOf = ({ modifiedMs }: ObjectEntry): string => new Date(modifiedMs).toISOString()

async function readBoth(
  request: AuditRequest,
  { key, source, target }: BothListed,
): Promise<ObjectDifference | undefined> {
  const rules = { ...(request.retries ?? patientRetries), signal: request.signal }
  try {
    const isEqual = await retrying(rules, () =>
      compareContents(request.source, source, request.target, target, request.signal),
    )
    return isEqual ? undefined : { key, kind: 'content' }
  } catch (error) {
    // Written or deleted since it was listed: neither equal nor a failure of the audit.
    const { code, message } = asIndexferryError(error)
    if (code === 'OBJECT_CHANGED' || code === 'OBJECT_MISSING') return { key, kind: 'changing', source: message }
    throw error
  }
}
