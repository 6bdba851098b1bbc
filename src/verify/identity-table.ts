// The documents of the buckets that differ: one row for each identity, with what each side has of it. Columns of numbers, because there
// may be a million of them.
import type { DocumentDigester } from './document-digest.ts'
import type { SideName } from './verification-progress.ts'

/** Source count, target count, four lanes of "source minus target", bytes of `_source`, start and end of the identity. */
const columns = 9
const SOURCE_COUNT = 0
const TARGET_COUNT = 1
const LANES = 2
const BYTES = 6
const START = 7
const END = 8

const EMPTY = -1

export interface TableLimits {
  readonly rowsMax: number
  /** Bytes of all identities together. */
  readonly identityBytesMax: number
}

export class IdentityTable {
  count = 0
  /** Rows that found no room: documents of which nothing is known but that they are there. */
  refused = 0
  private readonly limits: TableLimits
  private cells = new Uint32Array(columns * 1024)
  /** Open addressing; twice as many slots as rows at least. */
  private slots = new Int32Array(2048).fill(EMPTY)
  private hashes = new Uint32Array(1024)
  private identities = Buffer.allocUnsafeSlow(64 * 1024)
  private identitiesEnd = 0

  constructor(limits: TableLimits) {
    this.limits = limits
  }

  /** Counts a document of one side and adds its digest (which `document` must have computed). */
  add(side: SideName, document: DocumentDigester): void {
    const row = this.find(document)
    if (row === EMPTY) return
    const at = row * columns
    const { cells } = this
    const { lanes } = document
    ;(cells[at + (side === 'source' ? SOURCE_COUNT : TARGET_COUNT)] as number)++
    for (let lane = 0; lane < 4; lane++) {
      const value = lanes[lane] as number
      ;(cells[at + LANES + lane] as number) += side === 'source' ? value : -value
    }
    cells[at + BYTES] = Math.max(cells[at + BYTES] as number, document.sourceLength)
  }

  /** Makes a row without counting anything. */
  note(document: DocumentDigester): void {
    const row = this.find(document)
    if (row !== EMPTY) {
      const at = row * columns + BYTES
      this.cells[at] = Math.max(this.cells[at] as number, document.sourceLength)
    }
  }

  sourceCount(row: number): number {
    return this.cells[row * columns + SOURCE_COUNT] as number
  }

  targetCount(row: number): number {
    return this.cells[row * columns + TARGET_COUNT] as number
  }

  /** Whether both sides have the same documents of this identity. */
  isEqual(row: number): boolean {
    const at = row * columns
    const { cells } = this
    return (
      cells[at + SOURCE_COUNT] === cells[at + TARGET_COUNT] &&
      cells[at + LANES] === 0 &&
      cells[at + LANES + 1] === 0 &&
      cells[at + LANES + 2] === 0 &&
      cells[at + LANES + 3] === 0
    )
  }

  bytes(row: number): number {
    return this.cells[row * columns + BYTES] as number
  }

  identity(row: number): Buffer {
    const at = row * columns
    return this.identities.subarray(this.cells[at + START], this.cells[at + END])
  }

  /** The row of the document's identity, a new one if need be; EMPTY when there is no room for a new one. */
  private find(document: DocumentDigester): number {
    const hash = (document.identityLow ^ Math.imul(document.identityHigh, 0x9e3779b1)) >>> 0
    const mask = this.slots.length - 1
    let slot = hash & mask
    for (let row = this.slots[slot] as number; row !== EMPTY; row = this.slots[slot] as number) {
      if (this.hashes[row] === hash && this.holds(row, document)) return row
      slot = (slot + 1) & mask
    }
    const { rowsMax, identityBytesMax } = this.limits
    if (this.count >= rowsMax || this.identitiesEnd + document.identityLength > identityBytesMax) {
      this.refused++
      return EMPTY
    }
    const row = this.append(hash, document)
    this.slots[slot] = row
    if (this.count * 2 > this.slots.length) this.widenSlots()
    return row
  }

  private holds(row: number, { identity, identityLength }: DocumentDigester): boolean {
    const at = row * columns
    const start = this.cells[at + START] as number
    const end = this.cells[at + END] as number
    return end - start === identityLength && identity.compare(this.identities, start, end, 0, identityLength) === 0
  }

  private append(hash: number, { identity, identityLength }: DocumentDigester): number {
    const row = this.count++
    if (row === this.hashes.length) {
      this.hashes = widened(this.hashes)
      this.cells = widened(this.cells)
    }
    const end = this.identitiesEnd + identityLength
    if (end > this.identities.length) {
      const wider = Buffer.allocUnsafeSlow(Math.max(end, this.identities.length * 2))
      this.identities.copy(wider, 0, 0, this.identitiesEnd)
      this.identities = wider
    }
    identity.copy(this.identities, this.identitiesEnd, 0, identityLength)
    this.hashes[row] = hash
    this.cells[row * columns + START] = this.identitiesEnd
    this.cells[row * columns + END] = end
    this.identitiesEnd = end
    return row
  }

  private widenSlots(): void {
    const slots = new Int32Array(this.slots.length * 2).fill(EMPTY)
    const mask = slots.length - 1
    for (let row = 0; row < this.count; row++) {
      let slot = (this.hashes[row] as number) & mask
      while (slots[slot] !== EMPTY) slot = (slot + 1) & mask
      slots[slot] = row
    }
    this.slots = slots
  }
}

function widened(column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const wider = new Uint32Array(column.length * 2)
  wider.set(column)
  return wider
}
