// What is left to do for a call that was begun and cannot go on, because its remote cannot be opened again: staging indexes go, and the
// destination gets the settings back that were relaxed.
import { finishDestination } from './reindex-destination.ts'
import { FactsOf } from './reindex-facts.ts'
import type { ReindexRun } from './run-reindex.ts'
import { deleteStaging } from './staging-index.ts'

/** Twice is the same as once; of a call that had not begun there is nothing to do. */
export async function abandonReindex({
  request,
  target,
  journal,
}: Pick<ReindexRun, 'request' | 'target' | 'journal'>): Promise<void> {
  const facts = new FactsOf(journal)
  if (facts.all.staging !== undefined) await deleteStaging(target, facts.all.staging)
  await finishDestination({ request, target, facts })
}
