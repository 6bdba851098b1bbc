// Asks the user's own check, again and again, whether work may go on: an address that answers 200-299 while it may.
//
// Anything else holds reading. So does silence, unless the user says otherwise: a check that nobody answers protects nothing.
import { monotonicMs, sleep } from '../foundation/clock.ts'
import { IndexferryError } from '../foundation/errors.ts'
import { formatDuration } from '../foundation/quantity.ts'
import type { Throttle } from './throttle.ts'

export interface CheckAnswer {
  readonly status: number
  /** How long it asks to be left alone. */
  readonly retryAfterMs: number | undefined
}

export interface ThrottleCheck {
  readonly throttle: Throttle
  /** As it is now; undefined: there is none. */
  readonly url: () => string | undefined
  readonly ask: (url: string, signal: AbortSignal) => Promise<CheckAnswer>
  readonly everyMs: number
  /** What silence and errors of the check mean. */
  readonly onFailure: 'wait' | 'go-on'
  readonly note: (text: string) => void
  readonly signal: AbortSignal
}

const by = 'check'
/** An answer must be here by then. */
const answerMsMax = 5_000
/** What `Retry-After` may ask for at most. */
const retryAfterMsMax = 60_000
/** Whether the check was given, taken away or changed is looked at as often. */
const lookMs = 500

/** Ends with the signal. */
export async function watchCheck(check: ThrottleCheck): Promise<void> {
  const { throttle, url, everyMs, signal } = check
  let asked: string | undefined
  let dueMs = 0
  let lastFailure: string | undefined
  while (!signal.aborted) {
    const now = url()
    if (now === undefined) throttle.hold(by, undefined)
    else if (now !== asked || monotonicMs() >= dueMs) {
      // Nothing is taken before the first answer, whatever silence means later.
      if (now !== asked) throttle.hold(by, `${shown(now)} has not answered yet`)
      const { reason, failure, againMs } = await askOnce(check, now)
      if (signal.aborted) return
      if (failure !== undefined && failure !== lastFailure) check.note(failure)
      lastFailure = failure
      throttle.hold(by, reason)
      dueMs = monotonicMs() + Math.max(everyMs, Math.min(againMs, retryAfterMsMax))
    }
    asked = now
    await sleep(lookMs, signal).catch(() => {})
  }
}

interface Asked {
  /** Why to wait. */
  readonly reason: string | undefined
  /** What is wrong with the check itself. */
  readonly failure: string | undefined
  readonly againMs: number
}

async function askOnce({ ask, onFailure, signal }: ThrottleCheck, url: string): Promise<Asked> {
  const limit = AbortSignal.timeout(answerMsMax)
  let failure: string
  try {
    const { status, retryAfterMs = 0 } = await ask(url, AbortSignal.any([signal, limit]))
    if (status >= 200 && status < 300) return { reason: undefined, failure: undefined, againMs: 0 }
    const reason = `${shown(url)} answers ${status}`
    if (status === 429 || status === 503) return { reason, failure: undefined, againMs: retryAfterMs }
    failure = reason
  } catch (error) {
    if (!limit.aborted && !signal.aborted && !(error instanceof IndexferryError)) throw error
    failure = limit.aborted
      ? `${shown(url)} does not answer within ${formatDuration(answerMsMax)}`
      : `${shown(url)} cannot be asked: ${(error as Error).message}`
  }
  return { reason: onFailure === 'wait' ? failure : undefined, failure, againMs: 0 }
}

/** Only where it is: a path may be a secret. */
const shown = (url: string): string => `the check at ${new URL(url).host}`
