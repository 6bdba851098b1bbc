// Tells cheaply whether the definitions of a cluster's indexes may have changed.
//
// Everything that defines an index is part of the cluster's state, and each change of the state counts up its version. Asking for the version
// alone costs the master nothing worth counting, however many indexes there are, and one answer is good for all of them.
import type { Cluster } from '../cluster/cluster.ts'
import { monotonicMs } from '../foundation/clock.ts'
import { isErrorOf } from '../foundation/errors.ts'

export class ClusterChanges {
  private readonly cluster: Cluster
  private running: Promise<string | undefined> | undefined
  private next: Promise<string | undefined> | undefined
  private last: string | undefined
  private askedMs = Number.NEGATIVE_INFINITY
  private isRefused = false

  private constructor(cluster: Cluster) {
    this.cluster = cluster
    this.isRefused = !cluster.capabilities.clusterCalls
  }

  private static readonly known = new WeakMap<Cluster, ClusterChanges>()

  /** One for each cluster, so that all indexes share its answers. */
  static of(cluster: Cluster): ClusterChanges {
    let changes = ClusterChanges.known.get(cluster)
    if (!changes) {
      changes = new ClusterChanges(cluster)
      ClusterChanges.known.set(cluster, changes)
    }
    return changes
  }

  /**
   * Another value than before: something may have changed. Undefined where that cannot be told, or not by this user. With `ageMsMax` an answer
   * that somebody got not longer ago is good enough; without, it is one that was asked for after this call.
   */
  async version(ageMsMax?: number): Promise<string | undefined> {
    if (this.isRefused) return undefined
    if (ageMsMax !== undefined && monotonicMs() - this.askedMs <= ageMsMax) return this.last
    if (!this.running) return this.ask()
    // The answer under way may be of before this call; the one after it is good for all who wait by then.
    this.next ??= this.running
      .catch(() => undefined)
      .then(() => {
        this.next = undefined
        return this.ask()
      })
    return this.next
  }

  private ask(): Promise<string | undefined> {
    const askedMs = monotonicMs()
    const asked = this.read().finally(() => {
      if (this.running === asked) this.running = undefined
    })
    this.running = asked
    return asked.then((version) => {
      this.last = version
      this.askedMs = askedMs
      return version
    })
  }

  private async read(): Promise<string | undefined> {
    try {
      const { body } = await this.cluster.json<{ readonly version?: number; readonly state_uuid?: string }>({
        method: 'GET',
        path: '/_cluster/state/version',
        retry: 'none',
      })
      // The version alone may come twice: when masters change, and when a cluster is built anew under the same address.
      return body?.version === undefined ? undefined : `${body.version} ${body.state_uuid ?? ''}`
    } catch (error) {
      if (!isErrorOf(error, 'PRIVILEGE_MISSING', 'REQUEST_REFUSED', 'INDEX_MISSING')) throw error
      this.isRefused = true
      return undefined
    }
  }
}
