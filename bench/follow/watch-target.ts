// When what was acknowledged on the source can be seen by searches of the target: asked again and again, a few documents at a time.
import { setTimeout as sleep } from 'node:timers/promises'
import type { HttpClient } from '../http.ts'

export interface Awaited {
  readonly id: string
  /** Of `performance.now()`: when the source acknowledged it. */
  readonly acknowledgedMs: number
  /** The value of `at` that has to be seen; undefined for a delete. */
  readonly at: number | undefined
}

const askedAtOnceMax = 500

/** Measures the lag of the samples that it is given. */
export class TargetWatch {
  readonly lagsMs: number[] = []
  private readonly http: HttpClient
  private readonly index: string
  private readonly everyMs: number
  private waiting: Awaited[] = []
  private isStopping = false
  private running: Promise<void> | undefined

  constructor(http: HttpClient, index: string, everyMs: number) {
    this.http = http
    this.index = index
    this.everyMs = everyMs
  }

  add(awaited: Awaited): void {
    this.waiting.push(awaited)
  }

  start(signal: AbortSignal): void {
    this.running = this.run(signal)
    this.running.catch(() => {})
  }

  /** Resolves when the last sample was seen. */
  async finish(): Promise<void> {
    this.isStopping = true
    await this.running
  }

  private async run(signal: AbortSignal): Promise<void> {
    while (!(this.isStopping && this.waiting.length === 0)) {
      await sleep(this.everyMs, undefined, { signal })
      for (let at = 0; at < this.waiting.length; at += askedAtOnceMax) {
        await this.look(this.waiting.slice(at, at + askedAtOnceMax), signal)
      }
      this.waiting = this.waiting.filter((each) => !this.seen.delete(each))
    }
  }

  private readonly seen = new Set<Awaited>()

  private async look(asked: readonly Awaited[], signal: AbortSignal): Promise<void> {
    const answer = await this.http.json<{ hits: { hits: { _id: string; fields?: { at: [number] } }[] } }>({
      method: 'POST',
      path: `/${this.index}/_search?request_cache=false`,
      body: {
        size: asked.length,
        query: { ids: { values: asked.map(({ id }) => id) } },
        _source: false,
        docvalue_fields: ['at'],
      },
      signal,
    })
    const nowMs = performance.now()
    const found = new Map(answer.hits.hits.map(({ _id, fields }) => [_id, fields?.at[0] ?? 0]))
    for (const each of asked) {
      const at = found.get(each.id)
      const isThere = each.at === undefined ? at === undefined : at !== undefined && at >= each.at
      if (!isThere) continue
      this.lagsMs.push(nowMs - each.acknowledgedMs)
      this.seen.add(each)
    }
  }
}

/** `share` of 0.5 is the median. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}
