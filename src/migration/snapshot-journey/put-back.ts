// Takes a migration back: everything is tried, whatever fails or cannot be reached, and what is left is said. The next run tries that again.
import { asIndexferryError, IndexferryError } from '../../foundation/errors.ts'
import { mendRestores } from '../../mechanism/snapshot/restore-snapshot.ts'
import { releaseWrites } from './block-writes.ts'
import type { JourneyContext } from './journey-context.ts'
import { switchBack } from './switch-alias.ts'

interface Left {
  readonly what: string
  readonly why: IndexferryError
}

export async function putBack(context: JourneyContext): Promise<void> {
  const { journal, target, restoreNotes, note } = context
  const left: Left[] = []
  const attempt = async (what: () => string, work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      left.push({ what: what(), why: asIndexferryError(error) })
    }
  }
  const { targets, alias } = journal.record
  // The source first: its users have waited longest. Of the rest, only what was noted is looked for.
  await attempt(
    () => `writes on the source stay blocked (${journal.record.blocks.map(({ index }) => index).join(', ')})`,
    async () => {
      const released = await releaseWrites(context)
      if (released.length > 0) note(`writes are allowed again: ${released.join(', ')}`)
    },
  )
  await attempt(
    () => `the alias ${alias?.alias} on the target stays where the migration led it`,
    async () => {
      const back = await switchBack(context)
      if (back !== null) note(`the alias ${back} is where it was`)
    },
  )
  await attempt(
    () => `indexes on the target may be closed (${targets.join(', ')})`,
    async () => {
      if (targets.length === 0) return
      const opened = await mendRestores(target, { journal: restoreNotes, note })
      if (opened.length > 0) note(`open again: ${opened.join(', ')}`)
    },
  )
  if (left.length > 0) throw inPart(left)
  if (targets.length > 0) note(`restored indexes stay on the target: ${targets.join(', ')}`)
}

function inPart(left: readonly Left[]): IndexferryError {
  const [first] = left
  const told = left.map(({ what, why }) => `${what}: ${why.message}`)
  return new IndexferryError('MIGRATION_KEPT', `the migration is not wholly taken back: ${told.join('; ')}`, {
    ...(first ? { side: first.why.side, cause: first.why } : {}),
  })
}
