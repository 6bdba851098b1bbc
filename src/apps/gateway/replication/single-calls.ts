// The calls about one replication, by the name of its follower.
import type { Replications } from '../../../engine/replication/replications.ts'
import { monotonicMs, sleep } from '../../../foundation/clock.ts'
import { booleanParameter, timeParameter } from '../reindex/parse-parameters.ts'
import { refuseInvalid } from '../reindex/refused-call.ts'
import type { GatewayAnswer, GatewayCall } from '../route.ts'
import { parsePause, parseResume, parseStart, parseStop, parseUpdate } from './parse-replication.ts'
import { readBody, requireBody } from './read-body.ts'
import { acknowledged, answer, type ReplicationCall, type ReplicationRoutesDeps } from './replication-call.ts'
import { mayManage, mayRead } from './rights.ts'
import { statusBody } from './status-answer.ts'

type Deps = Pick<ReplicationRoutesDeps, 'replications'>

/** Nothing here waits for a manager: these are looked at, and have no effect. */
const timeouts = ['cluster_manager_timeout', 'master_timeout', 'timeout']
const indexOptions = ['ignore_unavailable', 'allow_no_indices', 'expand_wildcards', 'ignore_throttled']

/** As long as the plugin waits. */
const restoreWaitMs = 30_000
const restorePollMs = 50

export const singleCalls = ({ replications }: Deps): ReplicationCall[] => [
  // What the caller may not do on either side, the start itself finds.
  changing('PUT', 'start', ['wait_for_restore'], 'unasked', async (call, follower) => {
    const isWaiting = booleanParameter(call.query, 'wait_for_restore', false)
    const request = parseStart(await requireBody(call, true), follower)
    return async () => {
      await replications.start(request, call.caller)
      if (isWaiting) await waitForRestore(replications, follower, call.signal)
      return acknowledged
    }
  }),
  changing('POST', 'pause', [], 'manage', async (call, follower) => {
    const reason = parsePause(await readBody(call))
    return () => whenDone(replications.pause(follower, reason))
  }),
  changing('POST', 'resume', [], 'manage', async (call, follower) => {
    const isForced = parseResume(await readBody(call))
    return () => whenDone(replications.resume(follower, call.caller, isForced))
  }),
  changing('POST', 'stop', [], 'manage', async (call, follower) => {
    parseStop(await readBody(call))
    return async () => {
      const { unfinishedIndex } = await replications.stop(follower, call.caller)
      return unfinishedIndex === undefined
        ? acknowledged
        : { ...acknowledged, headers: unfinishedLeft(unfinishedIndex) }
    }
  }),
  changing('PUT', 'update', indexOptions, 'manage', async (call, follower) => {
    const settings = parseUpdate(await requireBody(call, false))
    return () => whenDone(replications.update(follower, settings, call.caller))
  }),
  {
    // What is left of a path without a name: refused, in the plugin's words.
    method: 'GET',
    path: '/_status',
    operation: 'UnknownOperation',
    takes: ['verbose'],
    handle: () => Promise.reject(refuseInvalid(['Index name must be specified to obtain replication status'])),
  },
  {
    method: 'GET',
    path: '/:index/_status',
    operation: 'replication.status',
    takes: ['verbose'],
    handle: async (call, { index = '' }) => {
      const isVerbose = booleanParameter(call.query, 'verbose', false)
      return (await mayRead(call, index)) ?? answer(statusBody(replications.status(index), isVerbose))
    },
  },
]

/** `prepare` reads the call, as a whole before anything is done, and says what to do. */
function changing(
  method: 'PUT' | 'POST',
  action: string,
  takes: readonly string[],
  right: 'manage' | 'unasked',
  prepare: (call: GatewayCall, follower: string) => Promise<() => Promise<GatewayAnswer>>,
): ReplicationCall {
  return {
    method,
    path: `/:index/_${action}`,
    operation: `replication.${action}`,
    takes: [...timeouts, ...takes],
    handle: async (call, { index = '' }) => {
      for (const name of timeouts) timeParameter(call.query, name)
      const act = await prepare(call, index)
      const refusal = right === 'manage' ? await mayManage(call, index) : undefined
      if (refusal) return refusal
      return act()
    },
  }
}

/** Headers hold no letters of other scripts, which names of indexes may have. */
const unfinishedLeft = (index: string) => ({
  warning:
    `299 indexferry "the replication is stopped; ${encodeURIComponent(index)} does not have all documents of the leader and was left: ` +
    `the caller may not delete it, or the replication has not made it"`,
})

async function whenDone(work: Promise<void>): Promise<GatewayAnswer> {
  await work
  return acknowledged
}

/** The replication goes on in any case: what is not there in time is still acknowledged. */
async function waitForRestore(replications: Replications, follower: string, signal: AbortSignal): Promise<void> {
  const end = monotonicMs() + restoreWaitMs
  while (replications.status(follower)?.state === 'BOOTSTRAPPING' && monotonicMs() < end) {
    await sleep(restorePollMs, signal)
  }
}
