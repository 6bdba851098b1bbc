import { sleep } from '../../foundation/clock.ts'

const firstMs = 100
const mostMs = 2_000

/** Waits before question number `asked` (1, 2, …): short at first, for small snapshots, and never so long that a user wonders. */
export const pollPause = (asked: number, signal: AbortSignal): Promise<void> =>
  sleep(Math.min(mostMs, firstMs * 1.3 ** Math.min(asked - 1, 30)), signal)
