// Somebody who looks at calls before they are answered or passed on, since some may not go on as they are.
import type { Passage } from '../../cluster/passage.ts'
import type { PassChange, PassedCall } from './pass-through.ts'
import type { GatewayAnswer, GatewayCall } from './route.ts'

export interface GuardedCall {
  readonly call: GatewayCall
  readonly passed: PassedCall
  readonly passage: Passage
  /** Told once, before the caller can know of the answer, or when there will be none: then nobody knows whether the cluster did it. */
  watch(listener: (isAnswered: boolean) => void): void
  /** A bulk body that is sent by whoever looks at the call has to pass this, where it is given. `index`: of items that name none. */
  readonly recordedBody?: (index: string | undefined, body: AsyncIterable<Buffer>) => AsyncIterable<Buffer>
}

/** It is passed on to the cluster with another line or another body. */
export interface PassedOn {
  readonly pass: PassChange
}

/** `pass`: it goes on as if nobody had looked. `sent`: its answer is on its way. */
export type Inspection = (guarded: GuardedCall) => Promise<GatewayAnswer | PassedOn | 'pass' | 'sent'>

export interface CallGuard {
  /** Undefined for a call that may go on; asked for each, so that it has to be cheap. `url`: as it came. */
  inspect(method: string, segments: readonly string[], url: string): Inspection | undefined
}

export interface BodyGuard extends CallGuard {
  recordedBody(guarded: GuardedCall, index: string | undefined, body: AsyncIterable<Buffer>): AsyncIterable<Buffer>
}

/** The second looks at what the first lets go on as it is; what the first changes on its way, it shows to the second itself. */
export function bothGuards(first: CallGuard, second: BodyGuard): CallGuard {
  return {
    inspect(method, segments, url) {
      const one = first.inspect(method, segments, url)
      const other = second.inspect(method, segments, url)
      if (!one || !other) return one ?? other
      return async (guarded) => {
        const recordedBody: GuardedCall['recordedBody'] = (index, body) => second.recordedBody(guarded, index, body)
        const answer = await one({ ...guarded, recordedBody })
        return answer === 'pass' ? other(guarded) : answer
      }
    },
  }
}
