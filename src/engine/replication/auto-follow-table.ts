// Rules of auto-follow in the gateway's catalog, each with the sealed headers of whoever made it.
import type { JsonObject } from '../../model/json.ts'
import type { AutoFollowRule, ReplicationRoles } from '../../model/replication.ts'
import type { Row } from '../catalog-database.ts'
import type { GatewayDatabase } from '../gateway-database.ts'
import type { SecretBox } from '../secret-box.ts'
import type { ReplicationCaller } from './replications.ts'

export interface KeptRule {
  readonly rule: AutoFollowRule
  /** Undefined: sealed with a key that is lost. */
  readonly caller: ReplicationCaller | undefined
}

const table = `CREATE TABLE IF NOT EXISTS auto_follow_rules (
  connection TEXT NOT NULL,
  name TEXT NOT NULL,
  rule TEXT NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (connection, name)
) STRICT`

export class AutoFollowTable {
  private readonly database: GatewayDatabase
  private readonly box: SecretBox

  constructor(database: GatewayDatabase, box: SecretBox) {
    this.database = database
    this.box = box
    database.run(table)
  }

  /** Durable when it returns. One of the same connection and name is replaced. */
  put(rule: AutoFollowRule, caller: ReplicationCaller): void {
    const { name, connection, ...rest } = rule
    const sealed = this.box.seal(JSON.stringify(caller.clusterHeaders), purposeOf(connection, name))
    this.database.transaction('full', () => {
      this.database.run(
        `INSERT INTO auto_follow_rules (connection, name, rule, sealed) VALUES (?, ?, ?, ?)
         ON CONFLICT (connection, name) DO UPDATE SET rule = excluded.rule, sealed = excluded.sealed`,
        ...[connection, name, JSON.stringify(rest), sealed],
      )
    })
    this.database.eraseDeleted()
  }

  /** False: there was none. */
  remove(connection: string, name: string): boolean {
    const sql = 'DELETE FROM auto_follow_rules WHERE connection = ? AND name = ?'
    const isGone = this.database.transaction('full', () => this.database.run(sql, connection, name) > 0)
    if (isGone) this.database.eraseDeleted()
    return isGone
  }

  list(): KeptRule[] {
    const rows = this.database.all('SELECT * FROM auto_follow_rules ORDER BY connection, name')
    return rows.map((row) => ({ rule: ruleOf(row), caller: this.callerOf(row) }))
  }

  private callerOf({ connection, name, sealed }: Row): ReplicationCaller | undefined {
    if (!(sealed instanceof Uint8Array)) return undefined
    const text = this.box.open(sealed, purposeOf(String(connection), String(name)))
    return text === undefined ? undefined : { clusterHeaders: JSON.parse(text) as Record<string, string> }
  }
}

const purposeOf = (connection: string, name: string): string =>
  `credentials of the auto-follow rule ${JSON.stringify([connection, name])}`

/** JSON leaves out what is undefined. */
interface StoredRule {
  readonly pattern: string
  readonly excluded: readonly string[]
  readonly settings: JsonObject
  readonly roles?: ReplicationRoles
  readonly followerPattern?: string
}

function ruleOf({ connection, name, rule }: Row): AutoFollowRule {
  const { roles, followerPattern, ...rest } = JSON.parse(String(rule)) as StoredRule
  return { ...rest, connection: String(connection), name: String(name), roles, followerPattern }
}
