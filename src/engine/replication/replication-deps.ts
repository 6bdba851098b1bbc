// What all replications of a gateway share, and what one of them has open.

import type { Gate } from '../../mechanism/gate.ts'
import type { Turns } from '../../mechanism/turns.ts'
import type { Throttle } from '../../pipeline/throttle.ts'
import type { SweepsFile } from '../catalog-sweeps.ts'
import type { CopyWriter } from '../catalog-writer.ts'
import type { ClusterLease } from './cluster-pool.ts'
import type { Replication } from './replication.ts'
import type { ReplicationProgress } from './replication-progress.ts'
import type { ReplicationTable } from './replication-table.ts'
import type { SideClusters } from './side-clusters.ts'

export interface ReplicationDeps {
  readonly table: ReplicationTable
  readonly progress: ReplicationProgress
  readonly sides: SideClusters
  readonly gate: Gate
  readonly turns: Turns
  /** Of all of them together. */
  readonly throttle: Throttle
  readonly stateFolder: string
  readonly sweepIntervalMs: number
  readonly log: (text: string) => void
  /** The gateway ends: what was changed on followers stays, for everything goes on at its next start. */
  readonly closing: AbortSignal
  /** The follower is gone or another index: the replication is over. */
  readonly onGone: (replication: Replication) => void
  /** The catalog cannot be written. */
  readonly onBroken: (error: unknown) => void
}

/** Both clusters and what is noted, open for one run or one call. */
export interface OpenReplication extends AsyncDisposable {
  readonly leader: ClusterLease['cluster']
  readonly local: ClusterLease['cluster']
  readonly writer: CopyWriter
  /** Of a leader without sequence numbers; the file is made when it is needed. */
  readonly swept: SweepsFile
}
