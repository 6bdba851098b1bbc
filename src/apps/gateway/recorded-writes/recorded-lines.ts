// Reads the ids out of a bulk body while it arrives in chunks cut anywhere, gives an id to items that have none, and hands nothing on before what it
// may change is recorded.
import { isReckoned } from '../../../engine/recorded-writes.ts'
import { type FullActionLine, hasDocument, readFullLine } from '../follower-writes/action-line.ts'
import { makeId } from './written-keys.ts'

export interface BulkRecorder {
  /** Of items that name none. */
  readonly index: string | undefined
  readonly covers: (name: string) => boolean
  /** Whether the cluster takes ids from fields of documents, so that none may be made. */
  readonly keepsIds: boolean
  /** Whether the cluster answers `create` to an `index` without an id (2.x). */
  readonly answersCreate?: boolean | undefined
  /** Of items that name none. */
  readonly pipeline?: string | undefined
  /** Durable when it resolves. `ids` by name; names all of whose documents may change. */
  readonly record: (
    ids: ReadonlyMap<string, readonly string[]>,
    whole: ReadonlySet<string | undefined>,
  ) => Promise<void>
  /** Told of the first id that was made: the body is another one then. */
  readonly onMadeId: () => void
}

const lineFeed = 0x0a
const actionBytesMax = 1024 * 1024
/** So much of the body is held back until it is recorded. */
const heldBytesMax = 1024 * 1024

export async function* recordedLines(
  body: AsyncIterable<Buffer> | Iterable<Buffer>,
  recorder: BulkRecorder,
): AsyncGenerator<Buffer> {
  const lines = new BulkReader(recorder)
  for await (const chunk of body) {
    lines.push(chunk)
    if (lines.heldBytes < heldBytesMax) continue
    yield await lines.takeRecorded()
  }
  lines.end()
  const rest = await lines.takeRecorded()
  if (rest.length > 0) yield rest
}

class BulkReader {
  heldBytes = 0
  private readonly recorder: BulkRecorder
  private reading: 'action' | 'document' | 'anything' = 'action'
  private line: Buffer[] = []
  private lineBytes = 0
  private held: Buffer[] = []
  private ids = new Map<string, string[]>()
  private whole = new Set<string | undefined>()

  constructor(recorder: BulkRecorder) {
    this.recorder = recorder
  }

  push(chunk: Buffer): void {
    let at = 0
    let keptFrom = 0
    while (at < chunk.length && this.reading !== 'anything') {
      const lineEnd = chunk.indexOf(lineFeed, at)
      const after = lineEnd < 0 ? chunk.length : lineEnd + 1
      if (this.reading === 'document') {
        if (lineEnd >= 0) this.reading = 'action'
      } else if (lineEnd < 0) {
        // Nothing of a line that is cut goes on before it was read.
        this.hold(chunk.subarray(keptFrom, at))
        this.keepLine(chunk.subarray(at))
        keptFrom = chunk.length
      } else {
        const start = this.line.length > 0 ? Buffer.concat(this.line) : undefined
        const own = chunk.subarray(at, after)
        const whole = start ? Buffer.concat([start, own]) : own
        this.line = []
        this.lineBytes = 0
        const read = this.readAction(whole)
        if (start || read !== whole) {
          this.hold(chunk.subarray(keptFrom, at))
          this.hold(read)
          keptFrom = after
        }
      }
      at = after
    }
    this.hold(chunk.subarray(keptFrom))
  }

  /** A last line without its end is no action to the servers; it goes on as it is. */
  end(): void {
    const { line } = this
    this.line = []
    for (const part of line) this.hold(part)
    if (line.length > 0) this.readAction(Buffer.concat(line))
  }

  async takeRecorded(): Promise<Buffer> {
    const { held, ids, whole } = this
    this.held = []
    this.heldBytes = 0
    this.ids = new Map()
    this.whole = new Set()
    if (ids.size + whole.size > 0) await this.recorder.record(ids, whole)
    return held.length === 1 ? (held[0] as Buffer) : Buffer.concat(held)
  }

  private hold(part: Buffer): void {
    if (part.length === 0) return
    this.held.push(part)
    this.heldBytes += part.length
  }

  private keepLine(part: Buffer): void {
    this.line.push(part)
    this.lineBytes += part.length
    if (this.lineBytes > actionBytesMax) this.giveUp()
  }

  /** The cluster may make something of it that is not seen here. */
  private giveUp(): void {
    this.reading = 'anything'
    this.whole.add(undefined)
    for (const part of this.line) this.hold(part)
    this.line = []
    this.lineBytes = 0
  }

  /** What goes on in its place; the same where nothing is changed. */
  private readAction(bytes: Buffer): Buffer {
    const hasEnd = bytes[bytes.length - 1] === lineFeed
    const line = readFullLine(hasEnd ? bytes.subarray(0, -1) : bytes)
    if (line === 'blank') return bytes
    if (!line) {
      this.giveUp()
      return bytes
    }
    if (hasDocument(line)) this.reading = 'document'
    const pipeline = line.pipeline ?? this.recorder.pipeline
    // It may change the id of a document, and the index, so that it goes where nobody looks.
    if (hasDocument(line) && pipeline !== undefined && pipeline !== '_none') this.whole.add(undefined)
    const name = line.index ?? this.recorder.index
    if (name === undefined || !this.recorder.covers(name)) return bytes
    return this.note(name, line, bytes)
  }

  private note(name: string, line: FullActionLine, bytes: Buffer): Buffer {
    if (isReckoned(name)) {
      this.whole.add(undefined)
      return bytes
    }
    if (line.id !== undefined) {
      this.addId(name, line.id)
      // Half a character: what the servers make of it is theirs.
      if (!line.id.isWellFormed()) this.whole.add(name)
      return bytes
    }
    if (line.action !== 'index' && line.action !== 'create') return bytes
    if (this.recorder.keepsIds) {
      this.whole.add(name)
      return bytes
    }
    const id = makeId()
    this.addId(name, id)
    this.recorder.onMadeId()
    return withId(bytes, line, id, this.recorder.answersCreate === true && line.action === 'index')
  }

  private addId(name: string, id: string): void {
    const known = this.ids.get(name)
    if (known) known.push(id)
    else this.ids.set(name, [id])
  }
}

function withId(bytes: Buffer, { idPlace }: FullActionLine, id: string, asCreate: boolean): Buffer {
  const { from, to, isNull, isOnly } = idPlace
  const value = JSON.stringify(id) + (asCreate ? ',"op_type":"create"' : '')
  const member = isNull ? value : `"_id":${value}${isOnly ? '' : ','}`
  return Buffer.concat([bytes.subarray(0, from), Buffer.from(member), bytes.subarray(to)])
}
