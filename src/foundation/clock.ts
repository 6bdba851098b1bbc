// Time and chance come from here, so that tests can hold both.
import { setTimeout as timer } from 'node:timers/promises'
import { AwakeTime } from './awake-time.ts'

export const now = (): number => Date.now()

/** Milliseconds of a clock that never goes back; only differences mean something. Some systems let it run on while the machine sleeps. */
export const monotonicMs = (): number => performance.now()

const tickMs = 1_000
let awake: AwakeTime | undefined

/**
 * Milliseconds that this process could use, about: for the limits of what is tried again and again. A machine that slept for an hour has not
 * tried for an hour, and its network may need some seconds after it.
 */
export function awakeMs(): number {
  if (!awake) {
    const begun = new AwakeTime(monotonicMs)
    setInterval(() => begun.tick(), tickMs).unref()
    awake = begun
  }
  return awake.ms
}

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
