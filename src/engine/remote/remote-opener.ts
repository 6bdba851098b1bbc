// Opens the remote of a `_reindex` call: only hosts that the configuration lists, at an address that was checked. The contract.
import type { Cluster } from '../../cluster/cluster.ts'
import type { RemoteHost } from '../../model/reindex.ts'

export interface RemoteOpener {
  /**
   * Throws before anything is sent when the host is not allowed (REMOTE_NOT_ALLOWED, with the servers' own sentence as message).
   * Cheap, so that it is asked before a task is made.
   */
  check(remote: RemoteHost): Promise<void>
  /** Checks again, resolves the name once, and connects to that address only. Names of connections lead to their forwarder. */
  open(remote: RemoteHost): Promise<Cluster>
}
