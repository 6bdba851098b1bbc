// Replications in the gateway's catalog. Callers' credentials are sealed, and gone from the file when the replication is stopped.
import { assert } from '../../foundation/assert.ts'
import { now } from '../../foundation/clock.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import type { ReplicationRequest } from '../../model/replication.ts'
import type { Row } from '../catalog-database.ts'
import type { GatewayDatabase } from '../gateway-database.ts'
import type { SecretBox } from '../secret-box.ts'
import {
  type Bootstrap,
  noReplicationCounts,
  type RemoteCluster,
  type ReplicationRecord,
  userInitiated,
} from './replication-record.ts'

export type RecordChange = Partial<Omit<ReplicationRecord, 'number' | 'startedMs'>>

type Headers = Readonly<Record<string, string>>

const columns = 'number, follower, request, remote, state, reason, cause, started, bootstrap, clearing, counts'

export class ReplicationTable {
  private readonly database: GatewayDatabase
  private readonly box: SecretBox

  constructor(database: GatewayDatabase, box: SecretBox) {
    this.database = database
    this.box = box
  }

  insert(request: ReplicationRequest, remote: RemoteCluster, clusterHeaders: Headers): ReplicationRecord {
    return this.database.transaction('full', () => {
      const sealed = this.box.seal(JSON.stringify(clusterHeaders), purpose(request.follower))
      this.database.run(
        `INSERT INTO replications (follower, request, remote, sealed, state, reason, started, clearing, counts)
         VALUES (?, ?, ?, ?, 'BOOTSTRAPPING', ?, ?, ?, ?)`,
        ...[request.follower, JSON.stringify(request), JSON.stringify(remote), sealed, userInitiated, now()],
        ...[request.isAgain ? 1 : 0, JSON.stringify(noReplicationCounts)],
      )
      const row = this.database.get(`SELECT ${columns} FROM replications WHERE follower = ?`, request.follower)
      return recordOf(row as Row)
    })
  }

  list(): ReplicationRecord[] {
    return this.database.all(`SELECT ${columns} FROM replications ORDER BY number`).map(recordOf)
  }

  /** Durable against a power cut when `durability` is `full`. */
  update(record: ReplicationRecord, durability: 'full' | 'process' = 'full'): void {
    const { request, remote, state, reason, cause, bootstrap, isClearing, counts, number } = record
    this.database.transaction(durability, () => {
      const changed = this.database.run(
        `UPDATE replications SET request = ?, remote = ?, state = ?, reason = ?, cause = ?, bootstrap = ?, clearing = ?, counts = ?
         WHERE number = ?`,
        ...[JSON.stringify(request), JSON.stringify(remote), state, reason, cause ?? null],
        ...[bootstrap ? JSON.stringify(bootstrap) : null, isClearing ? 1 : 0, JSON.stringify(counts), number],
      )
      assert(changed === 1, `replication ${number} is there`)
    })
  }

  /** Several at a time, of which a power cut may take the last seconds. */
  noteCounts(records: readonly ReplicationRecord[]): void {
    this.database.transaction('process', () => {
      for (const { number, counts, bootstrap } of records) {
        this.database.run(
          'UPDATE replications SET counts = ?, bootstrap = ? WHERE number = ?',
          ...[JSON.stringify(counts), bootstrap ? JSON.stringify(bootstrap) : null, number],
        )
      }
    })
  }

  /** Throws TASK_SECRETS_LOST. */
  readHeaders({ number, request }: ReplicationRecord): Headers {
    const row = this.database.get('SELECT sealed FROM replications WHERE number = ?', number)
    assert(row?.sealed instanceof Uint8Array, 'a replication has its credentials')
    const text = this.box.open(row.sealed, purpose(request.follower))
    if (text !== undefined) return JSON.parse(text) as Headers
    const sentence = `the credentials of the replication to ${request.follower} were sealed with another key than that in ${this.box.file}`
    throw new IndexferryError('TASK_SECRETS_LOST', sentence, { remedy: 'Resume the replication.' })
  }

  saveHeaders({ number, request }: ReplicationRecord, clusterHeaders: Headers): void {
    const sealed = this.box.seal(JSON.stringify(clusterHeaders), purpose(request.follower))
    this.database.transaction('full', () => {
      this.database.run('UPDATE replications SET sealed = ? WHERE number = ?', sealed, number)
    })
    this.database.eraseDeleted()
  }

  remove({ number }: ReplicationRecord): void {
    this.database.transaction('full', () => this.database.run('DELETE FROM replications WHERE number = ?', number))
    this.database.eraseDeleted()
  }
}

const purpose = (follower: string): string => `credentials of the replication to ${follower}`

const recordOf = (row: Row): ReplicationRecord => ({
  number: Number(row.number),
  request: JSON.parse(String(row.request)) as ReplicationRequest,
  remote: JSON.parse(String(row.remote)) as RemoteCluster,
  state: row.state as ReplicationRecord['state'],
  reason: String(row.reason),
  cause: typeof row.cause === 'string' ? row.cause : undefined,
  startedMs: Number(row.started),
  bootstrap: typeof row.bootstrap === 'string' ? (JSON.parse(row.bootstrap) as Bootstrap) : undefined,
  isClearing: row.clearing === 1,
  counts: { ...noReplicationCounts, ...(JSON.parse(String(row.counts)) as object) },
})
