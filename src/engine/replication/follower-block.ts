// A block on the follower index itself, for as long as its replication is paused or failed: then nothing of indexferry writes to it, so the cluster
// can refuse everybody, also those who do not come through the gateway. While it follows, such a block would stop indexferry too.
import type { Cluster } from '../../cluster/cluster.ts'
import { asIndexferryError, isErrorOf } from '../../foundation/errors.ts'
import { writeSettings } from '../../target/relaxed-settings.ts'
import type { ClusterLease } from './cluster-pool.ts'
import type { ReplicationRecord } from './replication-record.ts'

/** A follower is made without it (transform/setting-rules.ts), so that taking it away is what was before. */
const blockSetting = 'blocks.write'

export interface FollowerBlockParts {
  /** As it is now. */
  readonly record: () => ReplicationRecord
  readonly lease: () => Promise<ClusterLease>
  readonly log: (text: string) => void
}

export class FollowerBlock {
  readonly #parts: FollowerBlockParts
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: FollowerBlockParts) {
    this.#parts = parts
  }

  /** Once it is paused or has failed, in the background. The gateway refuses writes all the same, so that where it cannot be set it is only told. */
  set(): void {
    if (!this.#isHalted) return
    this.#last = this.#last
      .then(() => this.#write(() => 'true'))
      .catch((error: unknown) => {
        const { record, log } = this.#parts
        const { message } = asIndexferryError(error)
        log(`replication to ${record().request.follower}: its index has no block while it is paused: ${message}`)
      })
  }

  /** What is being set is waited for. */
  async release(): Promise<void> {
    await this.settled()
    // Where a setting cannot be taken back, `false` is the same as none.
    if (this.#isHalted) await this.#write(({ capabilities }) => (capabilities.nullResetsSetting ? null : 'false'))
  }

  /** Takes it away for what is to go on, and sets it again when that fails. */
  async without(work: () => Promise<void>): Promise<void> {
    await this.release()
    try {
      await work()
    } catch (error) {
      this.set()
      throw error
    }
  }

  async settled(): Promise<void> {
    await this.#last
  }

  get #isHalted(): boolean {
    const { state } = this.#parts.record()
    return state === 'PAUSED' || state === 'FAILED'
  }

  async #write(value: (cluster: Cluster) => string | null): Promise<void> {
    const { record, lease } = this.#parts
    await using opened = await lease()
    const { cluster } = opened
    try {
      await writeSettings(cluster, record().request.follower, { [blockSetting]: value(cluster) })
    } catch (error) {
      if (!isErrorOf(error, 'INDEX_MISSING')) throw error
    }
  }
}
