// What takes part in the benchmark.
import type { DocumentSet } from '../data-sets.ts'
import type { Usage } from '../run-program.ts'
import type { BenchServer } from '../servers.ts'

export interface RunContext {
  readonly source: BenchServer
  readonly target: BenchServer
  /** The documents of the source's index `set.name`; the target's has the same name and is new and empty. */
  readonly set: DocumentSet
  /** A temporary folder of this run alone. */
  readonly folder: string
  readonly signal: AbortSignal
}

export interface Contender {
  /** For --contenders. */
  readonly name: string
  /** For the tables; with the settings that matter. */
  readonly title: string
  /** `copy` carries an index from server to server. The others are ceilings: they only write the documents, or only read them. */
  readonly does: 'copy' | 'write' | 'read'
  /** Creates the target's index itself. */
  readonly createsIndex?: boolean
  /** The data sets it runs on; all when left out. */
  readonly sets?: readonly string[]
  /** Installs what it needs, once; why that is not possible here, in words. */
  prepare?(): Promise<string | undefined>
  /** Throws when it has not done its work, by its own account. */
  run(context: RunContext): Promise<Usage>
  /** Proves both sides equal after its `run`. */
  verify?(context: RunContext): Promise<Usage>
}
