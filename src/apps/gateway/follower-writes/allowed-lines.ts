// Takes out of a bulk body what would write to followers, while it arrives in chunks cut anywhere. What is left is byte for byte as it came.
import { IndexferryError } from '../../../foundation/errors.ts'
import { type ActionLine, hasDocument, readActionLine } from './action-line.ts'

export interface RefusedItem {
  /** Among all items of the call, from 0. */
  readonly position: number
  readonly line: ActionLine
  readonly follower: string
}

/** What was seen so far. */
export interface BulkReport {
  items: number
  readonly refused: RefusedItem[]
  /** Of the action lines of the refused, of which the ids are kept. */
  refusedBytes?: number
}

/** The follower that a document of this name would be written to; a promise where that has to be asked for. */
export type JudgeName = (index: string) => string | undefined | Promise<string | undefined>

const lineFeed = 0x0a
/** Longer than any action with its id, routing and filters. */
const actionBytesMax = 1024 * 1024
/** Each is kept until the answer. */
const refusedMax = 100_000
const refusedBytesMax = 64 * 1024 * 1024

export interface BulkRules {
  /** Of items that name none. */
  readonly index: string | undefined
  readonly judge: JudgeName
}

/** Throws REQUEST_MALFORMED and REQUEST_TOO_LARGE. */
export async function* allowedLines(
  body: AsyncIterable<Buffer> | Iterable<Buffer>,
  report: BulkReport,
  rules: BulkRules,
): AsyncGenerator<Buffer> {
  let reading: 'action' | 'kept' | 'dropped' = 'action'
  let held: Buffer[] = []
  for await (const chunk of body) {
    // Of this chunk, what stands before `at` is judged, and from `keptFrom` on it is allowed.
    let at = 0
    let keptFrom = 0
    while (at < chunk.length) {
      const lineEnd = chunk.indexOf(lineFeed, at)
      const after = lineEnd < 0 ? chunk.length : lineEnd + 1
      if (reading === 'action') {
        held.push(chunk.subarray(at, after))
        if (lineEnd < 0) {
          if (keptFrom < at) yield chunk.subarray(keptFrom, at)
          keptFrom = chunk.length
          refuseLongLine(held)
          break
        }
        const isWhole = held.length === 1
        const line = isWhole ? (held[0] as Buffer) : Buffer.concat(held)
        held = []
        const judged = judgeLine(line, report, rules)
        // Most names are known: to wait for each line would cost more than all else.
        const verdict = judged instanceof Promise ? await judged : judged
        reading = verdict.next
        if (verdict.isAllowed && !isWhole) {
          yield line
          keptFrom = after
        } else if (!verdict.isAllowed) {
          if (keptFrom < at) yield chunk.subarray(keptFrom, at)
          keptFrom = after
        }
      } else {
        if (reading === 'dropped') keptFrom = after
        if (lineEnd >= 0) reading = 'action'
      }
      at = after
    }
    if (keptFrom < chunk.length) yield chunk.subarray(keptFrom)
  }
  if (held.length > 0) yield Buffer.concat(held)
  // A body without its last line feed is refused as a whole; the cluster has to see that it is missing.
  else if (reading === 'dropped') yield Buffer.from(' ')
}

interface LineVerdict {
  readonly isAllowed: boolean
  readonly next: 'action' | 'kept' | 'dropped'
}

const passedOver: LineVerdict = { isAllowed: true, next: 'action' }

function judgeLine(bytes: Buffer, report: BulkReport, { index, judge }: BulkRules): LineVerdict | Promise<LineVerdict> {
  const line = readActionLine(bytes.subarray(0, -1))
  if (line === 'blank') return passedOver
  if (!line) throw malformed(report.items)
  const position = report.items++
  const name = line.index ?? index
  const judged = name === undefined ? undefined : judge(name)
  const decide = (follower: string | undefined) => {
    if (follower !== undefined) report.refusedBytes = (report.refusedBytes ?? 0) + bytes.length
    return verdictOn(line, position, follower, report)
  }
  return judged instanceof Promise ? judged.then(decide) : decide(judged)
}

function verdictOn(
  line: ActionLine,
  position: number,
  follower: string | undefined,
  { refused, refusedBytes = 0 }: BulkReport,
): LineVerdict {
  if (follower === undefined) return { isAllowed: true, next: hasDocument(line) ? 'kept' : 'action' }
  if (refused.length >= refusedMax || refusedBytes > refusedBytesMax) throw tooMany()
  refused.push({ position, line, follower })
  return { isAllowed: false, next: hasDocument(line) ? 'dropped' : 'action' }
}

function refuseLongLine(held: readonly Buffer[]): void {
  const length = held.reduce((sum, part) => sum + part.length, 0)
  if (length > actionBytesMax)
    throw new IndexferryError(
      'REQUEST_MALFORMED',
      `an action/metadata line of the bulk body is longer than ${actionBytesMax} bytes`,
    )
}

/** To pass it on would be to guess what the cluster makes of the lines behind it. */
const malformed = (items: number): IndexferryError =>
  new IndexferryError(
    'REQUEST_MALFORMED',
    `Malformed action/metadata line of item [${items + 1}] of the bulk body, expected an object with one of index, create, update, delete`,
  )

const tooMany = (): IndexferryError =>
  new IndexferryError(
    'REQUEST_TOO_LARGE',
    `more than ${refusedMax} items, or ${refusedBytesMax} bytes of action lines, of the bulk body are for indexes that follow others and take no writes`,
  )
