// Time and chance come from here, so that tests can hold both.
import { setTimeout as timer } from 'node:timers/promises'

export const now = (): number => Date.now()

/** Milliseconds of a clock that never jumps; only differences mean something. */
export const monotonicMs = (): number => performance.now()

/** Waits, or returns at once when `signal` is or becomes aborted; then it throws the signal's reason. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  try {
    await timer(ms, undefined, signal ? { signal } : {})
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}

/** A number in [0, 1). */
export const chance = (): number => Math.random()
