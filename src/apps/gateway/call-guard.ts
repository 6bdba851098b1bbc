// Somebody who looks at calls before they are answered or passed on, since some may not go on as they are.
import type { Passage } from '../../cluster/passage.ts'
import type { PassedCall } from './pass-through.ts'
import type { GatewayAnswer, GatewayCall } from './route.ts'

export interface GuardedCall {
  readonly call: GatewayCall
  readonly passed: PassedCall
  readonly passage: Passage
}

/** `pass`: it goes on as if nobody had looked. `sent`: its answer is on its way. */
export type Inspection = (guarded: GuardedCall) => Promise<GatewayAnswer | 'pass' | 'sent'>

export interface CallGuard {
  /** Undefined for a call that may go on; asked for each, so that it has to be cheap. */
  inspect(method: string, segments: readonly string[]): Inspection | undefined
}
