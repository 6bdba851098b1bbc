// One document that is not the same on both sides.
import type { DocumentKey } from './document-lookup.ts'
import type { IdentityTable } from './identity-table.ts'

/**
 * `missing`: only in the source. `extra`: only in the target. `changed`: in both, with another content. `doubled`: in both, another
 * number of times. `rejected`: missing or changed, and the copy has reported that the target refused it.
 */
export type DifferenceClass = 'missing' | 'extra' | 'changed' | 'doubled' | 'rejected'

export const differenceClasses: readonly DifferenceClass[] = ['missing', 'extra', 'changed', 'doubled', 'rejected']

/** A document to be looked at again. */
export interface Candidate {
  readonly key: DocumentKey
  /** The identity's bytes, one character each: what both sides' documents are matched by. */
  readonly identity: string
}

export interface Difference extends Candidate {
  readonly class: DifferenceClass
}

export type DifferenceCounts = Record<DifferenceClass, number>

export const noDifferences = (): DifferenceCounts => ({ missing: 0, extra: 0, changed: 0, doubled: 0, rejected: 0 })

export const sumOf = (counts: DifferenceCounts): number =>
  differenceClasses.reduce((sum, name) => sum + counts[name], 0)

export const candidateOf = (table: IdentityTable, row: number): Candidate => {
  const identity = table.identity(row).toString('latin1')
  return { identity, key: keyOf(identity, table.bytes(row)) }
}

/** The id and routing of an identity: `[type ff] id ff routing ff` (document-digest.ts). */
function keyOf(identity: string, bytes: number): DocumentKey {
  const fields = identity.split('\u00ff').slice(0, -1)
  const [id, routing] = fields.slice(-2).map((field) => Buffer.from(field, 'latin1').toString('utf8'))
  return { id: id as string, routing: routing === '' ? undefined : routing, bytes }
}

/** The class of a row whose sides are not equal. */
export function classify(
  table: IdentityTable,
  row: number,
  id: string,
  knownRejected: ReadonlySet<string>,
): DifferenceClass {
  const source = table.sourceCount(row)
  const target = table.targetCount(row)
  if (source === 0) return 'extra'
  if (target > 0 && source !== target) return 'doubled'
  if (knownRejected.has(id)) return 'rejected'
  return target === 0 ? 'missing' : 'changed'
}
