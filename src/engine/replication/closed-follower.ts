// A follower that has to be closed for a moment, because its servers change some settings of closed indexes only; and one that was left closed.
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { isErrorOf } from '../../foundation/errors.ts'
import type { Replication } from './replication.ts'

/** The `cause` of a record while its follower is, or may be, closed: noted before, so that whoever goes on after a crash opens it. */
const closedCause = 'INDEX_CLOSED'

/** In the words of all versions. */
export const needsClosedIndex = (error: unknown): boolean =>
  isErrorOf(error, 'REQUEST_REFUSED') && /can't update non dynamic settings/i.test(error.message)

/** The replication does not run afterwards. */
export async function whileClosed(
  replication: Pick<Replication, 'record' | 'halt' | 'change'>,
  local: Cluster,
  work: () => Promise<void>,
): Promise<void> {
  await replication.halt()
  const { cause, request } = replication.record
  replication.change({ cause: closedCause })
  try {
    await local.json({ method: 'POST', path: indexPath(request.follower, '_close'), retry: 'safe' })
    await work()
  } finally {
    await open(local, request.follower)
    replication.change({ cause })
  }
}

/** Before it goes on: closed by `whileClosed` of a process that was killed, or by somebody past the gateway, for which it has paused. */
export async function openClosed(replication: Pick<Replication, 'record' | 'change'>, local: Cluster): Promise<void> {
  const { cause, state, request } = replication.record
  if (cause !== closedCause) return
  await open(local, request.follower).catch((error: unknown) => {
    // It may be the leader that was closed; else whoever writes is told that it is closed.
    if (!isErrorOf(error, 'PRIVILEGE_MISSING')) throw error
  })
  if (state === 'SYNCING') replication.change({ cause: undefined })
}

/** An open one stays so; one that is not there is found out by whoever looks for it. */
async function open(local: Cluster, follower: string): Promise<void> {
  await local.json({ method: 'POST', path: indexPath(follower, '_open'), accept: [404], retry: 'safe' })
}
