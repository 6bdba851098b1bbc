// Stands for a cluster that could not be opened, for work that does what it can without it: every use throws why.
import type { IndexferryError } from '../foundation/errors.ts'
import type { ClusterVersion } from '../model/cluster-version.ts'
import type { Capabilities } from './capabilities.ts'
import type { Cluster } from './cluster.ts'

export class AbsentCluster implements Cluster {
  readonly side: 'source' | 'target'
  readonly name: string
  readonly traffic = { sent: 0, received: 0 }
  private readonly why: IndexferryError

  constructor(side: 'source' | 'target', name: string, why: IndexferryError) {
    this.side = side
    this.name = name
    this.why = why
  }

  get version(): ClusterVersion {
    throw this.why
  }

  get capabilities(): Capabilities {
    throw this.why
  }

  json(): Promise<never> {
    return Promise.reject(this.why)
  }

  bytes(): Promise<never> {
    return Promise.reject(this.why)
  }

  stream(): Promise<never> {
    return Promise.reject(this.why)
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
