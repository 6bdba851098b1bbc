import { chance } from './clock.ts'

export interface BackoffOptions {
  readonly firstMs: number
  readonly maxMs: number
}

/** The pause before attempt number `attempt` (1, 2, …): doubling from `firstMs` to `maxMs`, with up to half of it left to chance. */
export function backoffMs(attempt: number, { firstMs, maxMs }: BackoffOptions): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(attempt - 1, 30))
  return Math.round(full * (0.5 + chance() / 2))
}
