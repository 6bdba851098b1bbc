// What the gateway's catalog knows of one replication. How far its documents are stands in the catalog of copies.
import type { ReplicationCounts, ReplicationRequest, ReplicationState } from '../../model/replication.ts'

/** Where the leader is: what its alias meant when the replication was started. */
export interface RemoteCluster {
  /** Of the configuration. */
  readonly domain: string
  /** Through whose endpoint it is reached, and with which it ends; undefined for a `cluster.remote.*` registration. */
  readonly connectionId: string | undefined
}

export interface Bootstrap {
  readonly bytesTotal: number
  readonly documentsTotal: number
  readonly documentsDone: number
  readonly startedMs: number
  readonly endedMs: number | undefined
}

export interface ReplicationRecord {
  /** Given once and never again: names its copy in the catalog of copies. */
  readonly number: number
  readonly request: ReplicationRequest
  readonly remote: RemoteCluster
  readonly state: ReplicationState
  readonly reason: string
  /** Code of the error that paused it by itself or ended it. */
  readonly cause: string | undefined
  readonly startedMs: number
  readonly bootstrap: Bootstrap | undefined
  /** Documents that were there before and that the leader does not have are still to be deleted. */
  readonly isClearing: boolean
  readonly counts: ReplicationCounts
}

export const noReplicationCounts: ReplicationCounts = {
  operationsRead: 0,
  operationsWritten: 0,
  deleted: 0,
  bytesRead: 0,
  failedReads: 0,
  throttledReads: 0,
  failedWrites: 0,
  throttledWrites: 0,
  readMs: 0,
  writeMs: 0,
}

export const userInitiated = 'User initiated'
