// Verifies in the background while a migration follows: one verification after the other, with a pause between them.
import { now, sleep } from '../../foundation/clock.ts'
import { asIndexferryError } from '../../foundation/errors.ts'
import type { MigrationContext } from './migration-context.ts'

/** After a verification that could not be carried out. */
const retryMs = 60_000

/** Runs until it is disposed of. */
export function verifyNowAndThen(context: MigrationContext): Disposable {
  const ended = new AbortController()
  void verifyOn(context, AbortSignal.any([ended.signal, context.stop]))
  return { [Symbol.dispose]: () => ended.abort() }
}

async function verifyOn(context: MigrationContext, signal: AbortSignal): Promise<void> {
  const { settings, journal, verify, lastVerification, noteVerification, note } = context
  if (settings.verifyEveryMs === 0) return
  const { stream } = journal.record
  while (!signal.aborted) {
    try {
      const last = lastVerification()
      const dueMs = last?.stream === stream ? last.endedMs + settings.verifyEveryMs - now() : 0
      await sleep(Math.max(0, dueMs), signal)
      const found = await verify(stream, { signal, isStill: false })
      if (signal.aborted) return
      noteVerification(found)
      const differing = found.verdict === 'equal' ? '' : `: ${found.differences} differ`
      note(`verified in the background: ${found.documents} documents, ${found.verdict}${differing}`)
    } catch (error) {
      if (signal.aborted) return
      note(`the verification in the background is tried again: ${asIndexferryError(error).message}`)
      await sleep(retryMs, signal).catch(() => {})
    }
  }
}
