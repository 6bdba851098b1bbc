// Open clusters, each once for all who need it, and closed when nobody does.
import type { Cluster } from '../../cluster/cluster.ts'

export interface ClusterLease extends AsyncDisposable {
  readonly cluster: Cluster
}

interface Held {
  holders: number
  readonly opening: Promise<Cluster>
}

export class ClusterPool implements AsyncDisposable {
  private readonly held = new Map<string, Held>()

  /** `key` names where it leads and in whose name; `open` is called when nobody has it. */
  async lease(key: string, open: () => Promise<Cluster>): Promise<ClusterLease> {
    let held = this.held.get(key)
    if (!held) {
      held = { holders: 0, opening: open() }
      this.held.set(key, held)
      const failed = held
      held.opening.catch(() => {
        if (this.held.get(key) === failed) this.held.delete(key)
      })
    }
    const mine = held
    mine.holders++
    const cluster = await mine.opening
    let isReleased = false
    return {
      cluster,
      [Symbol.asyncDispose]: async () => {
        if (isReleased) return
        isReleased = true
        if (--mine.holders > 0) return
        if (this.held.get(key) === mine) this.held.delete(key)
        await cluster[Symbol.asyncDispose]()
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.held.values()]
    this.held.clear()
    for (const { opening } of all) {
      const cluster = await opening.catch(() => undefined)
      await cluster?.[Symbol.asyncDispose]()
    }
  }
}
