// Whether an object has to be moved, from what both lists and the journal say of it.
import type { MovedObject } from './move-journal.ts'
import { isMd5 } from './object-checksum.ts'
import type { ObjectEntry } from './object-store.ts'
import { type Rank, ranks } from './repository-order.ts'

/** `check`: only the content can tell. */
export type Decision = 'copy' | 'skip' | 'check'

export interface DecisionRules {
  readonly skip: 'never' | 'size and time' | 'checksum'
  /** What the journal has was moved by this very move. */
  readonly isResumed: boolean
  /** ETags that look like MD5s are taken for them, on both sides. */
  readonly etagsAreMd5: boolean
}

/** Many stores tell whole seconds: within the same one, nobody knows what was written first. */
const timeGrainMs = 1000

export function decideObject(
  source: ObjectEntry,
  target: ObjectEntry | undefined,
  readMoved: () => MovedObject | undefined,
  rank: Rank,
  rules: DecisionRules,
): Decision {
  if (target === undefined || target.size !== source.size) return 'copy'
  const haveMd5 = rules.skip !== 'never' && rules.etagsAreMd5 && isMd5(source.etag) && isMd5(target.etag)
  const isSameMd5 = haveMd5 && source.etag.toLowerCase() === target.etag.toLowerCase()
  // Of two sides that are equal the journal is not asked: it is a question for each object, and most are.
  if (isSameMd5) return 'skip'
  const moved = readMoved()
  const isNoted = moved !== undefined && moved.targetEtag === target.etag
  const isSameVersion = moved?.etag === source.etag && moved.size === source.size && isSameTime(moved, source)
  if (isNoted && isSameVersion && (rules.isResumed || rules.skip !== 'never')) return 'skip'
  if (rules.skip === 'never') return 'copy'
  if (haveMd5) return 'copy'
  if (rules.skip === 'checksum') return 'check'
  // Another version of the source is at the target, whatever the times say.
  if (isNoted && !isSameVersion) return 'copy'
  // index.latest has the same size always, and index-N may have; they are small, so nothing is left to clocks.
  if (rank >= ranks.index) return 'check'
  return target.modifiedMs - source.modifiedMs >= timeGrainMs ? 'skip' : 'copy'
}

/** The time is told apart where the ETag does not say it all; lists and single answers may differ in the fraction of a second. */
const isSameTime = (moved: MovedObject, source: ObjectEntry): boolean =>
  isMd5(source.etag) || Math.abs(moved.modifiedMs - source.modifiedMs) < timeGrainMs
