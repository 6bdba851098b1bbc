// Makes the target equal in what was found to differ, and in nothing else.
import { IndexferryError } from '../foundation/errors.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import { selectRows } from '../model/select-rows.ts'
import type { RejectedDocument } from '../target/target.ts'
import type { Candidate, Difference } from './difference.ts'
import { DocumentDigester } from './document-digest.ts'
import { groupIds, lookUp, lookupBytesMax } from './document-lookup.ts'
import type { ComparedSide } from './read-side.ts'
import { type RecheckOptions, recheckDifferences, visitCandidates } from './recheck-differences.ts'
import type { ComparedSides } from './scan-buckets.ts'

export interface RepairActions {
  /**
   * Writes the source's documents over whatever the target has of them, whatever the versions; resolves when they are durable or counted
   * as rejected. `DocumentTarget.writeBatch` of a target whose versions lie above all those in the index does this.
   */
  readonly writeBatch: (batch: DocumentBatch, signal: AbortSignal) => Promise<{ rejected: readonly RejectedDocument[] }>
  /** Deletes these documents, which are rows as the target itself gave them (id, routing, type, parent); resolves when that is durable. One
   * that was written again since (by its version or sequence number) should be left. */
  readonly deleteBatch: (batch: DocumentBatch, signal: AbortSignal) => Promise<unknown>
  /** More differences than this are not repaired at all: they speak of a wrong index or option rather than of lost documents. */
  readonly repairMax: number
}

export interface RepairOutcome {
  readonly written: number
  readonly deleted: number
  /** Documents that the target refused again. */
  readonly rejected: readonly { readonly id: string; readonly reason: string }[]
  /** What differs after the repair, by a new look at each document. */
  readonly remaining: readonly Difference[]
}

const roundsMax = 3

/** `doubled` documents are left alone: which of them should go cannot be told from here. */
const isRepairable = ({ class: name }: Difference): boolean => name !== 'doubled' && name !== 'rejected'

export async function repairDifferences(
  sides: ComparedSides,
  differences: readonly Difference[],
  actions: RepairActions,
  options: RecheckOptions,
): Promise<RepairOutcome> {
  const repairable = differences.filter(isRepairable)
  if (repairable.length > actions.repairMax) {
    const sentence = `${repairable.length} documents differ, which is more than may be repaired (${actions.repairMax}); nothing was changed`
    throw new IndexferryError('DOCUMENTS_DIFFER', sentence, {
      side: 'target',
      remedy: 'Make sure that the right indexes are compared, then copy again or raise --repair-max.',
      fields: { differences: repairable.length, repairMax: actions.repairMax },
    })
  }
  let written = 0
  let deleted = 0
  const rejected: { id: string; reason: string }[] = []
  let remaining: readonly Difference[] = repairable
  // More than one round only where the source is written to meanwhile: a document that was written while we deleted or overwrote
  // it shows as a difference in the look afterwards, and the next round brings the source's present state.
  for (let round = 0; round < roundsMax && remaining.length > 0; round++) {
    const done = await repairOnce(sides, remaining, actions, options)
    written += done.written
    deleted += done.deleted
    rejected.push(...done.rejected)
    const refused = new Set(rejected.map(({ id }) => id))
    const { differing } = await recheckDifferences(sides, remaining, { ...options, recheckAfterMs: 0 })
    remaining = differing.filter(({ key }) => !refused.has(key.id))
  }
  const knownRejected = new Set([...options.knownRejected, ...rejected.map(({ id }) => id)])
  const lastLook = { ...options, recheckAfterMs: 0, roundsMax: 1, knownRejected }
  const { differing } = await recheckDifferences(sides, differences, lastLook)
  return { written, deleted, rejected, remaining: differing }
}

async function repairOnce(
  sides: ComparedSides,
  repairable: readonly Difference[],
  actions: RepairActions,
  options: RecheckOptions,
): Promise<Omit<RepairOutcome, 'remaining'>> {
  const extra = repairable.filter((difference) => difference.class === 'extra')
  const wanted = repairable.filter((difference) => difference.class !== 'extra')
  // Deletes come first: the same id with another routing is an extra document here and a missing one there, and where both
  // routings lead to one shard, a delete after the write would take away what was just written.
  const deleted = await deleteExtra(sides, extra, actions, options)
  const { written, rejected } = await writeWanted(sides, wanted, actions, options)
  return { written, deleted, rejected }
}

async function deleteExtra(
  sides: ComparedSides,
  extra: readonly Candidate[],
  { deleteBatch }: RepairActions,
  options: RecheckOptions,
): Promise<number> {
  if (extra.length === 0) return 0
  let deleted = 0
  const digester = new DocumentDigester(options.digest)
  const identities = new Set(extra.map(({ identity }) => identity))
  await visitCandidates({ ...sides.target, transform: undefined }, extra, options, async (batch) => {
    const rows = rowsOf(batch, identities, digester)
    const gone = await rowsNotInSource(sides.source, batch, rows, options)
    if (gone.length > 0) await deleteBatch(selectRows(batch, gone), options.signal)
    deleted += gone.length
  })
  return deleted
}

/** The last look before something is deleted: the source may have got the document in the meantime. */
async function rowsNotInSource(
  source: ComparedSide,
  batch: DocumentBatch,
  rows: readonly number[],
  options: RecheckOptions,
): Promise<readonly number[]> {
  // A side without a lookup would have to be read as a whole each time; the look after the repair covers it.
  if (!source.lookup || rows.length === 0) return rows
  await source.lookup.refresh(options.signal)
  const digester = new DocumentDigester(options.digest)
  const rowOf = new Map<string, number>()
  for (const row of rows) {
    digester.identify(batch, row)
    rowOf.set(identityText(digester), row)
  }
  const keys = rows.map((row) => ({ id: batch.id(row), routing: undefined, bytes: batch.source(row).length }))
  for (const ids of groupIds(keys, source.lookup.idsMax, lookupBytesMax)) {
    await lookUp(source, ids, options, (found): undefined => {
      for (let row = 0; row < found.count; row++) {
        digester.identify(found, row)
        rowOf.delete(identityText(digester))
      }
    })
  }
  return [...rowOf.values()]
}

async function writeWanted(
  sides: ComparedSides,
  wanted: readonly Candidate[],
  { writeBatch }: RepairActions,
  options: RecheckOptions,
): Promise<Pick<RepairOutcome, 'written' | 'rejected'>> {
  if (wanted.length === 0) return { written: 0, rejected: [] }
  let written = 0
  const rejected: { id: string; reason: string }[] = []
  const digester = new DocumentDigester(options.digest)
  const identities = new Set(wanted.map(({ identity }) => identity))
  await visitCandidates(sides.source, wanted, options, async (batch) => {
    const rows = rowsOf(batch, identities, digester)
    if (rows.length === 0) return
    const selected = selectRows(batch, rows)
    const result = await writeBatch(selected, options.signal)
    written += rows.length - result.rejected.length
    for (const { row, reason } of result.rejected) rejected.push({ id: selected.id(row), reason })
  })
  return { written, rejected }
}

function rowsOf(batch: DocumentBatch, identities: ReadonlySet<string>, digester: DocumentDigester): number[] {
  const rows: number[] = []
  for (let row = 0; row < batch.count; row++) {
    digester.identify(batch, row)
    if (identities.has(identityText(digester))) rows.push(row)
  }
  return rows
}

const identityText = ({ identity, identityLength }: DocumentDigester): string =>
  identity.toString('latin1', 0, identityLength)
