// Two lists in the same order side by side, one page of each in memory.
import { compareKeys } from './key-order.ts'
import type { ObjectEntry } from './object-store.ts'

/** Keys are relative to the prefixes; at least one side is there. */
export interface Pair {
  readonly key: string
  readonly source: ObjectEntry | undefined
  readonly target: ObjectEntry | undefined
}

type Pages = AsyncIterable<readonly ObjectEntry[]>

/** Yields as many pairs as come without waiting for a store, so that millions do not pass one promise each. */
export async function* mergeListings(
  source: { pages: Pages; prefix: string },
  target: { pages: Pages; prefix: string },
): AsyncGenerator<readonly Pair[]> {
  await using left = new ListReader(source.pages, source.prefix)
  await using right = new ListReader(target.pages, target.prefix)
  for (;;) {
    await Promise.all([left.fill(), right.fill()])
    if (left.isDone && right.isDone) return
    const pairs: Pair[] = []
    while ((left.isDone || left.entry) && (right.isDone || right.entry) && (left.entry || right.entry)) {
      const order = left.entry ? (right.entry ? compareKeys(left.key, right.key) : -1) : 1
      pairs.push({
        key: order <= 0 ? left.key : right.key,
        source: order <= 0 ? left.entry : undefined,
        target: order >= 0 ? right.entry : undefined,
      })
      if (order <= 0) left.step()
      if (order >= 0) right.step()
    }
    yield pairs
  }
}

class ListReader implements AsyncDisposable {
  private readonly pages: AsyncIterator<readonly ObjectEntry[]>
  private readonly prefix: string
  private page: readonly ObjectEntry[] = []
  private place = 0
  /** The next page is asked for while this one is worked on. */
  private coming: Promise<IteratorResult<readonly ObjectEntry[]>> | undefined
  isDone = false

  constructor(pages: Pages, prefix: string) {
    this.pages = pages[Symbol.asyncIterator]()
    this.prefix = prefix
  }

  get entry(): ObjectEntry | undefined {
    return this.page[this.place]
  }

  get key(): string {
    return (this.entry as ObjectEntry).key.slice(this.prefix.length)
  }

  step(): void {
    this.place++
  }

  async fill(): Promise<void> {
    while (!this.isDone && this.place >= this.page.length) {
      this.coming ??= this.next()
      const { done, value } = await this.coming
      this.coming = done ? undefined : this.next()
      this.isDone = done === true
      this.page = done ? [] : value
      this.place = 0
    }
  }

  private next(): Promise<IteratorResult<readonly ObjectEntry[]>> {
    const next = this.pages.next()
    // Its failure is met by whoever waits for it; until then it must not end the process.
    next.catch(() => {})
    return next
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What is still on its way is ended first; its failure was somebody else's to tell, or nobody wants the page any more.
    await this.coming?.catch(() => {})
    await this.pages.return?.()
  }
}
