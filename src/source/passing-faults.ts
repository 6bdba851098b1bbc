// Which faults of a read are worth another try, and for how long.
import { backoffMs } from '../foundation/backoff.ts'
import { sleep } from '../foundation/clock.ts'
import { IndexferryError } from '../foundation/errors.ts'

/** About two minutes in all; each try has the cluster room's own retries inside. Reading anything starts the count anew. */
const attemptsMaxDefault = 12
const backoff = { firstMs: 200, maxMs: 20_000 }

export class PassingFaults {
  private attempts = 0
  private readonly signal: AbortSignal
  private readonly attemptsMax: number
  private readonly onFault: ((error: unknown) => void) | undefined

  constructor(signal: AbortSignal, attemptsMax = attemptsMaxDefault, onFault?: (error: unknown) => void) {
    this.signal = signal
    this.attemptsMax = attemptsMax
    this.onFault = onFault
  }

  /** Something was read: the next fault is the first again. */
  forget(): void {
    this.attempts = 0
  }

  /** Waits before the next try, or throws `error` when it is not a passing one or has been met too often. */
  async pause(error: unknown): Promise<void> {
    this.signal.throwIfAborted()
    if (!(error instanceof IndexferryError) || error.definition.retry === 'never') throw error
    this.attempts++
    if (this.attempts > this.attemptsMax) throw error
    this.onFault?.(error)
    await sleep(backoffMs(this.attempts, backoff), this.signal)
  }
}

/**
 * Whether the server could not build the answer because of its size: its memory breaker, or the 2 GiB that an answer may have at most
 * ("cannot hold more than 2GB of data"). A smaller page is the remedy.
 */
export function isTooLarge(error: unknown): boolean {
  if (!(error instanceof IndexferryError)) return false
  const { errorType, status } = error.fields
  return (
    errorType === 'circuit_breaking_exception' ||
    status === 413 ||
    /cannot hold more than 2GB|Data too large|array size exceeds|OutOfMemory/i.test(error.message)
  )
}
