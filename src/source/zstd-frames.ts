// Cuts a zstd stream into pieces that never hold bytes of two frames.
//
// A zstd file may be several frames behind each other; indexferry and `pzstd` write such. The zstd stream of Node stops at
// the end of a frame and throws the rest of the piece away that it was given, without an error (seen in Node 22 and 24);
// the next piece it takes as the next frame. So each piece must end where its frame ends.
//
// Frame (RFC 8878):  magic 4 · descriptor 1 · window 0–1 · dictionary id 0, 1, 2 or 4 · content size 0, 1, 2, 4 or 8 · blocks · checksum 0 or 4
// Block:             header 3 (bit 0 last, bits 1–2 kind, then the size) · content (one byte for a repeated byte, kind 1)
// Skippable frame:   magic 4 (0x184d2a50 to …5f) · size 4 · content

const FRAME_MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50
const REPEATED_BYTE = 1

/** What stands at the place that is reached when `left` bytes have gone by. */
type Next = 'magic' | 'descriptor' | 'skippableSize' | 'blockHeader' | 'frameEnd'

const headerBytes: Readonly<Record<Next, number>> = {
  magic: 4,
  descriptor: 1,
  skippableSize: 4,
  blockHeader: 3,
  frameEnd: 0,
}

export class ZstdFrames {
  private next: Next = 'magic'
  /** Bytes of content to pass over before `next`. */
  private left = 0
  private header = 0
  private headerSeen = 0
  private checksumBytes = 0
  /** Set when the bytes are no zstd; then pieces go on uncut, and the decompressor says what is wrong. */
  private isLost = false

  /** Whether a frame has begun that has not ended. */
  get isInsideFrame(): boolean {
    return this.isLost || this.next !== 'magic' || this.headerSeen > 0
  }

  *cut(piece: Buffer): Generator<Buffer> {
    let from = 0
    let at = 0
    while (at < piece.length && !this.isLost) {
      const passed = Math.min(this.left, piece.length - at)
      this.left -= passed
      at += passed
      if (this.left > 0) break
      const wanted = headerBytes[this.next]
      while (this.headerSeen < wanted && at < piece.length) {
        this.header += (piece[at++] as number) * 256 ** this.headerSeen++
      }
      if (this.headerSeen < wanted) break
      const wasFrameEnd = this.next === 'frameEnd'
      this.takeHeader(this.header)
      this.header = 0
      this.headerSeen = 0
      if (wasFrameEnd || (this.next === 'frameEnd' && this.left === 0)) {
        this.next = 'magic'
        yield piece.subarray(from, at)
        from = at
      }
    }
    // A frame whose last content ends with the piece is over as well.
    if (this.next === 'frameEnd' && this.left === 0) this.next = 'magic'
    if (from < piece.length) yield piece.subarray(from)
  }

  private takeHeader(value: number): void {
    if (this.next === 'magic') this.takeMagic(value)
    else if (this.next === 'descriptor') this.takeDescriptor(value)
    else if (this.next === 'skippableSize') {
      this.next = 'frameEnd'
      this.left = value
    } else if (this.next === 'blockHeader') {
      const isLast = value % 2 === 1
      const kind = (value >> 1) & 3
      this.left = (kind === REPEATED_BYTE ? 1 : value >> 3) + (isLast ? this.checksumBytes : 0)
      this.next = isLast ? 'frameEnd' : 'blockHeader'
    }
  }

  private takeMagic(value: number): void {
    if (value === FRAME_MAGIC) this.next = 'descriptor'
    else if (value >= SKIPPABLE_MAGIC && value <= SKIPPABLE_MAGIC + 15) this.next = 'skippableSize'
    else this.isLost = true
  }

  private takeDescriptor(value: number): void {
    const isSingleSegment = (value & 0x20) !== 0
    const dictionaryIdBytes = [0, 1, 2, 4][value & 3] as number
    const contentSizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][value >> 6] as number
    this.checksumBytes = value & 4 ? 4 : 0
    this.left = (isSingleSegment ? 0 : 1) + dictionaryIdBytes + contentSizeBytes
    this.next = 'blockHeader'
  }
}
