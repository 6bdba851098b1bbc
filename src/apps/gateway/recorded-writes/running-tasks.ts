// Calls such as `_update_by_query` that go on in the cluster when nobody waits for them any more: what they may change counts as changed again and
// again until none of them runs.
import { collectAnswer } from '../../../cluster/collect-answer.ts'
import type { CredentialsOf, Passage, PassedRequest } from '../../../cluster/passage.ts'
import type { RecordedWrites, WriteTicket } from '../../../engine/recorded-writes.ts'
import { isJsonObject, type JsonValue } from '../../../model/json.ts'
import type { GuardedCall } from '../call-guard.ts'

const askEveryMs = 3_000
/** Where tasks cannot be asked for, the sweep that comes now and then finds what is still done after this. */
const unknownForMs = 600_000
const askWithinMs = 30_000
const answerBytesMax = 16 * 1024 * 1024

export type TasksTold = 'running' | 'none' | 'unknown'

export class RunningTasks implements Disposable {
  private readonly timers = new Set<NodeJS.Timeout>()

  /** Meanwhile the ticket is open: it gets a number now and then. */
  settleWhenOver(ticket: WriteTicket, { call, passage }: Pick<GuardedCall, 'call' | 'passage'>): void {
    const headers = Object.entries({ ...call.caller.clusterHeaders, accept: 'application/json' }).flat()
    this.watch(ticket, () => tasksOf(passage, headers))
  }

  /** What an earlier process left. The credentials of its callers are gone, so the gateway's own are shown, where it has some. */
  settleLeft(left: RecordedWrites['left'], passage: () => Passage): void {
    if (left) this.watch(left, () => tasksOf(passage(), ['accept', 'application/json'], 'own'))
  }

  /** Asks until nothing runs, or until too many questions in a row were left without an answer. */
  watch(ticket: Pick<WriteTicket, 'renew' | 'lost'>, ask: () => Promise<TasksTold>): void {
    let leftMs = unknownForMs
    const take = (told: TasksTold): void => {
      // A cluster that does not answer may still have them.
      leftMs = told === 'unknown' ? leftMs - askEveryMs : unknownForMs
      if (told === 'none' || leftMs <= 0) ticket.lost()
      else look()
    }
    const look = (): void => {
      const timer = setTimeout(() => {
        this.timers.delete(timer)
        ask().then(take, () => take('unknown'))
      }, askEveryMs).unref()
      this.timers.add(timer)
    }
    ticket.renew()
    look()
  }

  [Symbol.dispose](): void {
    for (const timer of this.timers) clearTimeout(timer)
  }
}

/** `by_query` is that of the plugin for 2.x. */
const tasksUrl = '/_tasks?actions=*reindex,*byquery,*by_query'

async function tasksOf(passage: Passage, headers: PassedRequest['headers'], as?: CredentialsOf): Promise<TasksTold> {
  const request = { method: 'GET', url: tasksUrl, headers, body: undefined }
  const limits = { bytesMax: answerBytesMax, signal: AbortSignal.timeout(askWithinMs), ...(as ? { as } : {}) }
  const { status, body } = await collectAnswer(passage, request, limits)
  return status === 200 ? tasksIn(JSON.parse(body.toString()) as JsonValue) : 'unknown'
}

/** Nodes that did not answer are named, and their tasks are not among the others. */
export function tasksIn(answer: JsonValue): TasksTold {
  if (!isJsonObject(answer) || !isJsonObject(answer.nodes)) return 'unknown'
  const runs = (node: JsonValue) => isJsonObject(node) && isJsonObject(node.tasks) && Object.keys(node.tasks).length > 0
  if (Object.values(answer.nodes).some(runs)) return 'running'
  const left = [answer.node_failures, answer.task_failures].flatMap((failures) => failures ?? [])
  return left.length > 0 ? 'unknown' : 'none'
}
