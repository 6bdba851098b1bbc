// Digests of documents that were read but lie behind the position from which reading would go on after a crash. They join the
// side's table when that position passes them, so that a saved table and the positions beside it always mean the same documents.
import { BucketTable } from './bucket-table.ts'
import type { DocumentDigester } from './document-digest.ts'

/** Identity, four lanes and the length of `_source` (-1: none). */
const columns = 6

export class PendingDigests {
  private rows = new Uint32Array(columns * 256)
  private count = 0
  private table: BucketTable | undefined
  private readonly bits: number

  constructor(bits: number) {
    this.bits = bits
  }

  add(document: DocumentDigester): void {
    if ((this.count + 1) * columns > this.rows.length) this.makeRoom()
    const at = this.count++ * columns
    this.rows[at] = document.identityHigh
    this.rows.set(document.lanes, at + 1)
    this.rows[at + 5] = document.sourceLength
  }

  /** Moves everything into `table`. */
  moveTo(table: BucketTable): void {
    this.emptyRows(table)
    if (this.table) {
      table.addTable(this.table)
      this.table.clear()
    }
  }

  /** A partition that can only be read again from its start would pile up without end: from as many rows as buckets on, a table is smaller. */
  private makeRoom(): void {
    if (this.count < 2 ** this.bits) {
      const wider = new Uint32Array(this.rows.length * 2)
      wider.set(this.rows)
      this.rows = wider
      return
    }
    this.table ??= new BucketTable(this.bits)
    this.emptyRows(this.table)
  }

  private emptyRows(table: BucketTable): void {
    const { rows } = this
    for (let row = 0; row < this.count; row++) {
      const at = row * columns
      table.addDigest(
        rows[at] as number,
        rows[at + 1] as number,
        rows[at + 2] as number,
        rows[at + 3] as number,
        rows[at + 4] as number,
      )
      table.addSize((rows[at + 5] as number) | 0)
    }
    this.count = 0
  }
}
