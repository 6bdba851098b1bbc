// Calls such as `_update_by_query` that go on in the cluster when nobody waits for them any more: what they may change counts as changed again and
// again until none of them runs.
import { collectAnswer } from '../../../cluster/collect-answer.ts'
import type { WriteTicket } from '../../../engine/recorded-writes.ts'
import { isJsonObject, type JsonValue } from '../../../model/json.ts'
import type { GuardedCall } from '../call-guard.ts'

const askEveryMs = 3_000
/** Where tasks cannot be asked for, the sweep that comes now and then finds what is still done after this. */
const unknownForMs = 600_000
const answerBytesMax = 16 * 1024 * 1024

export class RunningTasks implements Disposable {
  private readonly timers = new Set<NodeJS.Timeout>()

  /** Meanwhile the ticket is open: it gets a number now and then. */
  settleWhenOver(ticket: WriteTicket, guarded: GuardedCall): void {
    const { call, passage } = guarded
    const headers = Object.entries({ ...call.caller.clusterHeaders, accept: 'application/json' }).flat()
    const request = { method: 'GET', url: '/_tasks?actions=*reindex,*byquery', headers, body: undefined }
    let leftMs = unknownForMs
    const ask = async (): Promise<boolean> => {
      const { status, body } = await collectAnswer(passage, request, { bytesMax: answerBytesMax })
      if (status === 200) return runsAny(JSON.parse(body.toString()) as JsonValue)
      leftMs -= askEveryMs
      return leftMs > 0
    }
    const look = (): void => {
      const timer = setTimeout(() => {
        this.timers.delete(timer)
        // A cluster that does not answer may still have them.
        ask().then((isRunning) => (isRunning ? look() : ticket.lost()), look)
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

function runsAny(answer: JsonValue): boolean {
  const nodes = isJsonObject(answer) && isJsonObject(answer.nodes) ? Object.values(answer.nodes) : []
  return nodes.some((node) => isJsonObject(node) && isJsonObject(node.tasks) && Object.keys(node.tasks).length > 0)
}
