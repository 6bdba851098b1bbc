// Trying again what may pass: broken connections, tired stores, answers that were cut.
import { type BackoffOptions, backoffMs } from '../foundation/backoff.ts'
import { sleep } from '../foundation/clock.ts'
import { asIndexferryError } from '../foundation/errors.ts'

export interface RetryRules extends BackoffOptions {
  readonly attempts: number
  readonly signal?: AbortSignal
  readonly onRetry?: (reason: string) => void
}

/** Together about two minutes of waiting, which a store that throttles or fails over needs. */
export const patientRetries: RetryRules = { attempts: 10, firstMs: 200, maxMs: 30_000 }

export async function retrying<Result>(rules: RetryRules, call: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    rules.signal?.throwIfAborted()
    try {
      return await call()
    } catch (error) {
      // An abort while the call was under way shows as a broken connection.
      rules.signal?.throwIfAborted()
      const known = asIndexferryError(error)
      if (known.definition.retry === 'never' || attempt >= rules.attempts) throw known
      rules.onRetry?.(known.message)
      await sleep(backoffMs(attempt, rules), rules.signal)
    }
  }
}
