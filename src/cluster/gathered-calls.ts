// One call for many indexes: whoever asks while a call is under way waits for the next one, which asks for all who wait.
//
// With one index there is nothing to wait for. With hundreds, the calls are as many as the cluster answers one after the other.
import { monotonicMs } from '../foundation/clock.ts'
import { asIndexferryError, type IndexferryError } from '../foundation/errors.ts'
import type { Cluster } from './cluster.ts'
import { nameBatches } from './name-batches.ts'

export interface GatheredQuestion<Answer> {
  /** Indexes of one call at most, where the answer to each may be large. Default: as many names as a request takes. */
  readonly manyMax?: number
  /** Leaves out indexes of which there is nothing to say, such as those that are missing. */
  readonly askMany: (cluster: Cluster, indexes: readonly string[]) => Promise<ReadonlyMap<string, Answer>>
  /** Asks for one by itself, and throws what is wrong with it. */
  readonly askOne: (cluster: Cluster, index: string) => Promise<Answer>
}

interface Waiting<Answer> {
  readonly index: string
  readonly answer: PromiseWithResolvers<Answer>
}

/** A call that takes longer does not hold up those that came after it. */
const patienceMs = 300
const callsMax = 8
/** From so many questions in a second on, calls keep a distance: each of them then asks for more. */
const busyFrom = 40
const distanceMs = 25
const apartMs = 60_000

export class GatheredCalls<Answer> {
  private readonly cluster: Cluster
  private readonly question: GatheredQuestion<Answer>
  private readonly patience: number
  private waiting = new Map<string, Waiting<Answer>>()
  /** Indexes of which a question shared with others cannot be answered, and until when they are asked for by themselves. */
  private readonly apart = new Map<string, number>()
  private calls = 0
  private isDue = false
  private sentMs = Number.NEGATIVE_INFINITY
  /** Questions of this second and of the one before. */
  private second = { atMs: 0, now: 0, before: 0 }
  private timer: NodeJS.Timeout | undefined

  constructor(cluster: Cluster, question: GatheredQuestion<Answer>, patience = patienceMs) {
    this.cluster = cluster
    this.question = question
    this.patience = patience
  }

  /** The answer is of a call that was begun after this one. */
  get(index: string, signal: AbortSignal): Promise<Answer> {
    if (isPattern(index) || this.isApart(index)) return unlessAborted(this.question.askOne(this.cluster, index), signal)
    let waiting = this.waiting.get(index)
    if (!waiting) {
      waiting = { index, answer: Promise.withResolvers() }
      // Whoever waits is told; that nobody does any more is no fault.
      waiting.answer.promise.catch(() => {})
      this.waiting.set(index, waiting)
    }
    this.count()
    this.sendSoon()
    return unlessAborted(waiting.answer.promise, signal)
  }

  /** Who asks in the same turn shares a call. */
  private sendSoon(): void {
    if (this.isDue) return
    if (this.calls === 0) {
      this.isDue = true
      const waitMs = this.sentMs + this.distance() - monotonicMs()
      if (waitMs > 1) setTimeout(() => this.send(), waitMs)
      else setImmediate(() => this.send())
    } else this.timer ??= setTimeout(() => this.sendAside(), this.patience).unref()
  }

  private distance(): number {
    return Math.max(this.second.now, this.second.before) >= busyFrom ? distanceMs : 0
  }

  private count(): void {
    const atMs = monotonicMs()
    const passed = atMs - this.second.atMs
    if (passed > 1_000) this.second = { atMs, now: 0, before: passed > 2_000 ? 0 : this.second.now }
    this.second.now++
  }

  private sendAside(): void {
    this.timer = undefined
    if (this.calls < callsMax) this.send()
    else if (this.waiting.size > 0) this.sendSoon()
  }

  private send(): void {
    this.isDue = false
    this.sentMs = monotonicMs()
    clearTimeout(this.timer)
    this.timer = undefined
    const all = [...this.waiting.values()]
    this.waiting = new Map()
    const byName = new Map(all.map((each) => [each.index, each]))
    for (const names of nameBatches([...byName.keys()], this.question.manyMax)) {
      this.calls++
      void this.answer(names.flatMap((name) => byName.get(name) ?? [])).finally(() => {
        this.calls--
        if (this.calls === 0 && this.waiting.size > 0) this.sendSoon()
      })
    }
  }

  private async answer(all: readonly Waiting<Answer>[]): Promise<void> {
    const [first] = all
    if (all.length === 1 && first) return this.answerOne(first)
    try {
      const found = await this.question.askMany(
        this.cluster,
        all.map(({ index }) => index),
      )
      const left = all.filter(({ index }) => !found.has(index))
      for (const { index, answer } of all) if (found.has(index)) answer.resolve(found.get(index) as Answer)
      await Promise.all(left.map((each) => this.answerOne(each)))
    } catch (error) {
      await this.answerFailure(all, asIndexferryError(error))
    }
  }

  /** What is wrong with one index must not be told to the others; that the cluster is away concerns all. */
  private async answerFailure(all: readonly Waiting<Answer>[], error: IndexferryError): Promise<void> {
    if (error.definition.retry === 'never') await Promise.all(all.map((each) => this.answerOne(each)))
    else for (const { answer } of all) answer.reject(error)
  }

  private async answerOne({ index, answer }: Waiting<Answer>): Promise<void> {
    await this.question.askOne(this.cluster, index).then(answer.resolve, (error: unknown) => {
      if (asIndexferryError(error).definition.retry === 'never') this.apart.set(index, monotonicMs() + apartMs)
      answer.reject(error)
    })
  }

  private isApart(index: string): boolean {
    const untilMs = this.apart.get(index)
    if (untilMs === undefined) return false
    if (monotonicMs() < untilMs) return true
    this.apart.delete(index)
    return false
  }
}

/** In a list such a name would mean several indexes, or leave some out. */
const isPattern = (index: string): boolean => /[*,]|^[-+<_]/.test(index)

/** One place to ask at for each cluster. */
export function gatheredCalls<Answer>(question: GatheredQuestion<Answer>): (cluster: Cluster) => GatheredCalls<Answer> {
  const known = new WeakMap<Cluster, GatheredCalls<Answer>>()
  return (cluster) => {
    let calls = known.get(cluster)
    if (!calls) {
      calls = new GatheredCalls(cluster, question)
      known.set(cluster, calls)
    }
    return calls
  }
}

async function unlessAborted<Answer>(promise: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  // Asked already: what it fails with may come when nobody waits for it any more.
  promise.catch(() => {})
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
