// How far the documents of all replications are: each is a copy in the catalog of copies, and all of them share one file of written ids
// and one transaction for their notes.
import { createHash } from 'node:crypto'
import { type Catalog, openCatalog } from '../catalog.ts'
import { replicationWord } from '../catalog-records.ts'
import type { CopyWriter } from '../catalog-writer.ts'
import { hasWrittenIds, openWrittenIds, type WrittenIdsFile } from '../catalog-written-ids.ts'
import { FollowNotes } from '../follow-notes.ts'
import type { ReplicationRecord } from './replication-record.ts'

export interface OpenProgress {
  readonly catalog: Catalog
  readonly notes: FollowNotes
  readonly written: WrittenIdsFile
}

const writtenFile = 'replications'

export class ReplicationProgress implements Disposable {
  private readonly stateFolder: string
  /** Of the gateway: its replications are no others'. */
  private readonly nodeId: string
  private open: OpenProgress | undefined

  constructor(stateFolder: string, nodeId: string) {
    this.stateFolder = stateFolder
    this.nodeId = nodeId
  }

  /** Without it, deletes of what was written before are not found. */
  get hasWritten(): boolean {
    return this.open !== undefined || hasWrittenIds(this.stateFolder, writtenFile)
  }

  /** Opened when it is needed for the first time: a gateway without replications needs no catalog of copies. */
  get opened(): OpenProgress {
    this.open ??= this.openAll()
    return this.open
  }

  claim(
    { number, request }: ReplicationRecord,
    names: { readonly source: string; readonly target: string },
  ): CopyWriter {
    const { follower, leaderIndex, connection } = request
    const key = createHash('sha256').update(`replication ${this.nodeId} ${number}`).digest('hex').slice(0, 32)
    const command = `${replicationWord} ${connection}:${leaderIndex} to ${follower}`
    return this.opened.catalog.claimCopy({ key, command, ...names })
  }

  release(writer: CopyWriter, state: 'paused' | 'failed'): void {
    this.opened.notes.flushOf(writer)
    writer.release(state)
  }

  /** Nothing of it is left. */
  forget(writer: CopyWriter): void {
    const { catalog, written } = this.opened
    const units = writer.listIndexes().map(({ name }) => name)
    this.release(writer, 'paused')
    for (const unit of units) written.removeUnit(unitKey(writer, unit))
    catalog.forgetCopy(writer.id)
  }

  [Symbol.dispose](): void {
    this.open?.notes.stop()
    this.open?.written[Symbol.dispose]()
    this.open?.catalog.close()
    this.open = undefined
  }

  private openAll(): OpenProgress {
    const catalog = openCatalog(this.stateFolder)
    try {
      const written = openWrittenIds(this.stateFolder, writtenFile, false)
      const notes = new FollowNotes((work) => catalog.together('process', work))
      return { catalog, written, notes }
    } catch (error) {
      catalog.close()
      throw error
    }
  }
}

export const unitKey = (writer: CopyWriter, unit: string): string => `${writer.id}/${unit}`
