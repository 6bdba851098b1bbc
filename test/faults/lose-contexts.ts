import { type Fault, isSearch, type PassingAnswer, pathOf } from './interfering-proxy.ts'

/** Makes the cluster itself forget all scrolls and points in time again and again, as a restarted node or a full one does. */
export class LoseContexts implements Disposable {
  private readonly cluster: string
  private readonly timer: NodeJS.Timeout
  /** Elasticsearch has no call for all points in time, so their ids are learnt from what passes. */
  private readonly pointsInTime = new Set<string>()
  /** Answers that said that a context is gone. */
  lost = 0

  constructor(cluster: string, everyMs: number) {
    this.cluster = cluster
    this.timer = setInterval(() => void this.forget(), everyMs)
  }

  readonly fault: Fault = async (request, next) => {
    const answer = await next(request)
    this.learn(answer)
    if (isSearch(request) && answer.body.includes('search_context_missing')) this.lost++
    if (request.method === 'DELETE' && pathOf(request) === '/_pit') this.pointsInTime.clear()
    return answer
  }

  private learn({ body }: PassingAnswer): void {
    const id = /^\{"(?:pit_)?id":"([^"]+)"/.exec(body.subarray(0, 4_096).toString('latin1'))?.[1]
    if (id) this.pointsInTime.add(id)
  }

  private async forget(): Promise<void> {
    await this.delete('/_search/scroll/_all')
    for (const id of this.pointsInTime) await this.delete('/_pit', JSON.stringify({ id }))
    this.pointsInTime.clear()
  }

  private async delete(path: string, body?: string): Promise<void> {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(this.cluster + path, { method: 'DELETE', headers, ...(body ? { body } : {}) })
    await answer.arrayBuffer()
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer)
  }
}
