// What a `_reindex` call must know again after a crash, besides how far it is. Kept in the journal as one object.
import type { JsonObject } from '../../model/json.ts'
import type { SavedSettings } from '../../target/relaxed-settings.ts'
import type { DestinationBefore } from './own-writes.ts'
import type { ReindexJournal } from './reindex-journal.ts'
import type { ReadIndex } from './reindex-source.ts'

export interface ReindexFacts {
  /** Set once the partitions are listed. */
  readonly indexes?: readonly ReadIndex[]
  readonly sliceTotals?: readonly number[]
  readonly before?: DestinationBefore
  /** The destination is there, or is left to the cluster. */
  readonly isPrepared?: boolean
  /** The destination is created by this call; noted before it is. */
  readonly created?: boolean
  /** The settings of the created index that are relaxed, and are to be restored. */
  readonly savedSettings?: SavedSettings
  /** Aliases that the created index gets in the end. */
  readonly aliases?: JsonObject
  /** The mapping type of documents in the destination, where its version has types. */
  readonly documentType?: string
  readonly notes?: readonly string[]
  /** Calls with a script: the name that the staging indexes begin with, whether they hold everything, and the cluster's own task. */
  readonly staging?: string
  readonly isStaged?: boolean
  readonly clusterTask?: string
}

export class FactsOf {
  private readonly journal: ReindexJournal

  constructor(journal: ReindexJournal) {
    this.journal = journal
  }

  get all(): ReindexFacts {
    return this.journal.facts() as ReindexFacts
  }

  /** Durable on return. Undefined takes a fact back. */
  save(facts: { readonly [Name in keyof ReindexFacts]: ReindexFacts[Name] | undefined }): void {
    const all: Record<string, unknown> = { ...this.journal.facts(), ...facts }
    for (const [name, value] of Object.entries(all)) if (value === undefined) delete all[name]
    this.journal.saveFacts(all as JsonObject)
  }

  note(text: string): void {
    this.save({ notes: [...(this.all.notes ?? []), text] })
  }
}
