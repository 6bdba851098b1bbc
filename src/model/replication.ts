// One index of another cluster that is followed, as plain values. Names follow the API of OpenSearch's replication plugin: the leader is the
// source, the follower the target.
import type { JsonObject } from './json.ts'

/** In whose name each side is spoken to: a role of the security plugin that the credentials in use must have. */
export interface ReplicationRoles {
  readonly leader: string
  readonly follower: string
}

export interface ReplicationRequest {
  /** The index of the local cluster. */
  readonly follower: string
  /** `leader_alias`: the alias of an outbound connection, or of a `cluster.remote.*` registration. */
  readonly connection: string
  readonly leaderIndex: string
  readonly roles: ReplicationRoles | undefined
  /** Settings of the follower that differ from the leader's, as in `PUT index`: flat or nested. */
  readonly settings: JsonObject
  /** An addition of ours: an index that is there, left by a replication that was stopped, is made equal and followed again. */
  readonly isAgain: boolean
}

/** `BOOTSTRAPPING` until everything was copied once. `FAILED`: it ended for good, the reason says why. */
export type ReplicationState = 'BOOTSTRAPPING' | 'SYNCING' | 'PAUSED' | 'FAILED'

export interface ShardProgress {
  readonly shard: number
  /** The highest sequence number that the leader's shard has made safe; -1 when it is empty. */
  readonly leaderCheckpoint: number
  /** Everything up to and with this number of the leader is on the follower; -1 when nothing is. */
  readonly followerCheckpoint: number
}

/** Sums since the replication was started, also over restarts. */
export interface ReplicationCounts {
  readonly operationsRead: number
  readonly operationsWritten: number
  readonly deleted: number
  readonly bytesRead: number
  readonly failedReads: number
  readonly throttledReads: number
  readonly failedWrites: number
  readonly throttledWrites: number
  readonly readMs: number
  readonly writeMs: number
}

export interface ReplicationStatus {
  readonly follower: string
  readonly leaderIndex: string
  readonly connection: string
  readonly state: ReplicationState
  /** `User initiated`, or why it was paused or failed. */
  readonly reason: string
  /** A side does not answer for now and is asked again: why. The state stays as it is. */
  readonly waitingFor: string | undefined
  /** In order; empty before the leader was looked at for the first time. */
  readonly shards: readonly ShardProgress[]
  readonly bootstrap:
    | {
        readonly bytesTotal: number
        readonly bytesDone: number
        readonly documentsTotal: number
        readonly documentsDone: number
        readonly startedMs: number
        readonly elapsedMs: number
      }
    | undefined
  /** Seconds that writes, and deletes, are behind; undefined before that is known. */
  readonly lagSeconds: number | undefined
  readonly deletesLagSeconds: number | undefined
  /** How long the last sweep took, where changes are found by sweeps, for want of sequence numbers. */
  readonly sweepSeconds?: number | undefined
  readonly counts: ReplicationCounts
}

/** A rule that starts replications of the indexes that match. */
export interface AutoFollowRule {
  readonly name: string
  readonly connection: string
  /** With `*` and, as the servers take it, several patterns separated by commas. */
  readonly pattern: string
  /** An addition of ours: indexes that match one of these are left out. */
  readonly excluded: readonly string[]
  readonly roles: ReplicationRoles | undefined
  readonly settings: JsonObject
  /** Where `{{leader_index}}` stands for the name; undefined: the same name. */
  readonly followerPattern: string | undefined
}

export interface AutoFollowStatus {
  readonly rule: AutoFollowRule
  readonly started: number
  readonly failed: number
  readonly failedLeaderCalls: number
  /** Why the leader could not be asked the last time; undefined when it could. */
  readonly leaderFailure: string | undefined
  /** Indexes that could not be started, and why; they are tried again. */
  readonly failures: readonly { readonly index: string; readonly reason: string }[]
  /** Undefined before the first time. */
  readonly lastLookMs: number | undefined
}
