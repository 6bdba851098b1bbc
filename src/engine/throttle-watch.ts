// What holds a copy back besides its rate: busy nodes of both sides, and the user's own check.
import { askAddress } from '../cluster/ask-address.ts'
import { proxyFor } from '../objectstore/store-proxy.ts'
import type { Environment } from '../objectstore/store-settings.ts'
import { watchNodes } from '../pipeline/node-load.ts'
import type { Throttle } from '../pipeline/throttle.ts'
import { watchCheck } from '../pipeline/throttle-check.ts'
import type { Throttle as Limits } from './catalog.ts'
import type { Control } from './catalog-records.ts'
import type { OpenSides } from './open-sides.ts'
import type { CommandValues } from './option-values.ts'

/** Of what was given: the limits to note. What lifts a limit is noted as none. */
export function givenLimits({ pipeline }: Pick<CommandValues, 'pipeline'>): Partial<Limits> {
  const { rate, sourceLoadMax, heapMax, writeQueueMax, throttleCheck } = pipeline
  return {
    ...rate,
    ...(sourceLoadMax === undefined ? {} : { sourceLoadMax: sourceLoadMax >= 1 ? undefined : sourceLoadMax }),
    ...(heapMax === undefined ? {} : { heapMax: heapMax >= 1 ? undefined : heapMax }),
    ...(writeQueueMax === undefined ? {} : { writeQueueMax: writeQueueMax === 0 ? undefined : writeQueueMax }),
    ...(throttleCheck === undefined ? {} : { throttleCheck: throttleCheck === 'none' ? undefined : throttleCheck }),
  }
}

export interface WatchedThrottle {
  readonly sides: OpenSides
  readonly values: CommandValues
  readonly throttle: Throttle
  /** As others want it now. */
  readonly control: () => Control
  /** Names the proxy for the check. */
  readonly env: Environment
  readonly note: (text: string) => void
  readonly signal: AbortSignal
}

/** Ends with the signal. What must hold before the first document is held when this returns. */
export function watchThrottle(options: WatchedThrottle): Promise<unknown> {
  const { sides, throttle, control, note, signal } = options
  const watched: Promise<void>[] = [watchOwnCheck(options)]
  if (sides.source.kind === 'cluster') {
    const limits = () => ({ processor: control().sourceLoadMax, heap: control().heapMax, writeQueue: undefined })
    watched.push(watchNodes({ side: 'source', cluster: sides.source.cluster, throttle, limits, note, signal }))
  }
  if (sides.target.kind === 'cluster') {
    const limits = () => ({ processor: undefined, heap: control().heapMax, writeQueue: control().writeQueueMax })
    watched.push(watchNodes({ side: 'target', cluster: sides.target.cluster, throttle, limits, note, signal }))
  }
  return Promise.all(watched)
}

/** A check that stays the same. */
export interface OwnCheck {
  readonly url: string
  readonly onFailure: 'wait' | 'go-on'
  readonly env: Environment
}

const ownCheckEveryMs = 5_000

export function watchSteadyCheck(
  { url, onFailure, env }: OwnCheck,
  { throttle, note, signal }: Pick<WatchedThrottle, 'throttle' | 'note' | 'signal'>,
): Promise<void> {
  const ask = askThrough({}, env)
  return watchCheck({ throttle, url: () => url, ask, everyMs: ownCheckEveryMs, onFailure, note, signal })
}

const askThrough =
  (headers: Readonly<Record<string, string>>, env: Environment) => (url: string, signal: AbortSignal) =>
    askAddress({ url, headers, proxy: proxyFor(new URL(url).origin, 'ours', env), signal })

function watchOwnCheck({ values, throttle, control, env, note, signal }: WatchedThrottle): Promise<void> {
  const { throttleCheckEvery, throttleCheckFailure, throttleCheckHeader } = values.pipeline
  return watchCheck({
    throttle,
    url: () => control().throttleCheck,
    ask: askThrough(Object.fromEntries(throttleCheckHeader), env),
    everyMs: throttleCheckEvery,
    onFailure: throttleCheckFailure,
    note,
    signal,
  })
}
