import { createRequire } from 'node:module'
import type { DatabaseSync, StatementSync } from 'node:sqlite'

/**
 * Loads node:sqlite without its ExperimentalWarning, which says nothing to the user of a program. Other warnings pass. The
 * module is loaded here and not imported above because the warning is emitted while it is loaded.
 */
export function loadSqlite(): typeof import('node:sqlite') {
  const emitWarning = process.emitWarning
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (/SQLite is an experimental feature/.test(String(warning))) return
    Reflect.apply(emitWarning, process, [warning, ...rest])
  }) as typeof process.emitWarning
  try {
    return createRequire(import.meta.url)('node:sqlite') as typeof import('node:sqlite')
  } finally {
    process.emitWarning = emitWarning
  }
}

/** Each statement is prepared once. */
export class PreparedStatements {
  private readonly database: DatabaseSync
  private readonly prepared = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.database = database
  }

  get(sql: string): StatementSync {
    let statement = this.prepared.get(sql)
    if (!statement) {
      statement = this.database.prepare(sql)
      this.prepared.set(sql, statement)
    }
    return statement
  }

  /** To be called before the database is closed. */
  clear(): void {
    this.prepared.clear()
  }
}
