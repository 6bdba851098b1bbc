import { type Fault, isSearch, type PassingAnswer, pathOf } from './interfering-proxy.ts'

/**
 * Makes the cluster itself forget the scrolls and points in time that pass here again and again, as a restarted node or a full one does. Those of
 * others stay: they may be of another test.
 */
export class LoseContexts implements Disposable {
  private readonly cluster: string
  private readonly timer: NodeJS.Timeout
  private readonly pointsInTime = new Set<string>()
  private readonly scrolls = new Set<string>()
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
    const begin = body.subarray(0, 4_096).toString('latin1')
    const id = /^\{"(?:pit_)?id":"([^"]+)"/.exec(begin)?.[1]
    if (id) this.pointsInTime.add(id)
    const scroll = /^\{"_scroll_id":"([^"]+)"/.exec(begin)?.[1]
    if (scroll) this.scrolls.add(scroll)
  }

  private async forget(): Promise<void> {
    const scrolls = [...this.scrolls]
    this.scrolls.clear()
    for (const id of scrolls) await this.delete('/_search/scroll', { scroll_id: [id] })
    for (const id of this.pointsInTime) await this.delete('/_pit', { id })
    this.pointsInTime.clear()
  }

  private async delete(path: string, body: object): Promise<void> {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(this.cluster + path, { method: 'DELETE', headers, body: JSON.stringify(body) })
    await answer.arrayBuffer()
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer)
  }
}
