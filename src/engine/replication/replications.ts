// What can be asked of replication: the contract between the doors and the engine.
//
// Errors are IndexferryErrors with the codes of foundation/replication-errors.ts; the door gives them the servers' envelope and words.
import type { JsonObject } from '../../model/json.ts'
import type {
  AutoFollowRule,
  AutoFollowStatus,
  ReplicationRequest,
  ReplicationStatus,
} from '../../model/replication.ts'

/** Who asks: the headers that the local cluster knows the caller by; kept sealed for as long as the work goes on. */
export interface ReplicationCaller {
  readonly clusterHeaders: Readonly<Record<string, string>>
}

export interface StopEnd {
  /** An index that does not have all documents and was left. */
  readonly unfinishedIndex: string | undefined
}

export interface Replications {
  /**
   * Checks everything that can be checked (connection, leader index, roles, names, settings, that the follower is not there), and resolves when the
   * replication is durable and begun. Throws what the API answers.
   */
  start(request: ReplicationRequest, caller: ReplicationCaller): Promise<void>
  /** Resolves when nothing is written any more. */
  pause(follower: string, reason: string): Promise<void>
  /**
   * Goes on from where it was; when the leader was made anew or restored meanwhile, it says so (LEADER_MADE_ANEW) and stays paused. With `isForced`,
   * the leader as it is now is then copied anew onto the follower (`force_resume` of the plugin).
   */
  resume(follower: string, caller: ReplicationCaller, isForced?: boolean): Promise<void>
  /**
   * The follower becomes an ordinary index; what was relaxed on it is put back. One that was made for it and does not have all documents yet is
   * deleted in the caller's name; it is left where he may not do that, or is not known any more.
   */
  stop(follower: string, caller: ReplicationCaller | undefined): Promise<StopEnd>
  /** Replaces all settings that were given before. */
  update(follower: string, settings: JsonObject, caller: ReplicationCaller): Promise<void>
  /** Undefined when no replication of this follower is there. */
  status(follower: string): ReplicationStatus | undefined
  list(): readonly ReplicationStatus[]
  /** Whether writes of clients to the index are refused: it follows or is paused. Cheap; asked for each call. */
  isFollower(index: string): boolean
}

export interface AutoFollow {
  /** The same name and connection again replaces the rule. Looks at once. */
  put(rule: AutoFollowRule, caller: ReplicationCaller): Promise<void>
  /** Replications that it began go on. Throws when there is none. */
  remove(connection: string, name: string): void
  list(): readonly AutoFollowStatus[]
}

/** What the leader's cluster has, for patterns. */
export interface LeaderIndexes {
  /** Open indexes that are no system indexes and match. Throws REMOTE_UNKNOWN. */
  listIndexes(
    connection: string,
    pattern: string,
    caller: ReplicationCaller,
    signal: AbortSignal,
  ): Promise<readonly string[]>
}
