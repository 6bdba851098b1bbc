// Keeps the order of writes that carry no version.
//
// Of a document with neither sequence number nor version, as most files have them, the target keeps what arrives last. Requests go side by side, and
// refused documents are sent again, so that an earlier line of a file could arrive after a later one of the same id. So of such rows of one batch
// only the last is sent, and a batch waits for those on their way that hold an id of its own.
import { ABSENT, type DocumentBatch } from '../model/document-batch.ts'
import { selectRows } from '../model/select-rows.ts'
import type { WriteResult } from './target.ts'

export class UnversionedOrder {
  /** By id: the batch that is to write it last. */
  private readonly underWay = new Map<string, Promise<unknown>>()

  /** `send` is called when nothing of an earlier call is on its way that it could overtake. */
  async write(batch: DocumentBatch, send: (batch: DocumentBatch) => Promise<WriteResult>): Promise<WriteResult> {
    const ids = new Set(Array.from({ length: batch.count }, (_, row) => idOf(batch, row)))
    const earlier = new Set([...ids].flatMap((id) => this.underWay.get(id) ?? []))
    const rows = withoutOvertaken(batch)
    const sent = Promise.allSettled(earlier).then(() =>
      send(rows.length === batch.count ? batch : selectRows(batch, rows)),
    )
    for (const id of ids) this.underWay.set(id, sent)
    try {
      const { written, unchanged, rejected } = await sent
      return {
        written,
        unchanged: unchanged + batch.count - rows.length,
        rejected: rejected.map((document) => ({ ...document, row: rows[document.row] as number })),
      }
    } finally {
      for (const id of ids) if (this.underWay.get(id) === sent) this.underWay.delete(id)
    }
  }
}

const isUnversioned = (batch: DocumentBatch, row: number): boolean =>
  batch.sequenceNumber[row] === ABSENT && batch.version[row] === ABSENT

/** Whether the order of its rows and of other batches counts. */
export function hasUnversioned(batch: DocumentBatch): boolean {
  for (let row = 0; row < batch.count; row++) if (isUnversioned(batch, row)) return true
  return false
}

/** In order, without those whose document is written again by a later row without a version. */
function withoutOvertaken(batch: DocumentBatch): number[] {
  const rows: number[] = []
  const later = new Set<string>()
  for (let row = batch.count - 1; row >= 0; row--) {
    const key = `${idOf(batch, row)}\n${textOf(batch, row, 'routing')}\n${textOf(batch, row, 'parent')}\n${textOf(batch, row, 'type')}`
    if (later.has(key)) continue
    if (isUnversioned(batch, row)) later.add(key)
    rows.push(row)
  }
  return rows.reverse()
}

const idOf = (batch: DocumentBatch, row: number): string =>
  batch.bytes.toString('latin1', batch.idStart[row] as number, batch.idEnd[row] as number)

function textOf(batch: DocumentBatch, row: number, column: 'routing' | 'parent' | 'type'): string {
  const start = batch[`${column}Start`][row] as number
  return start === ABSENT ? '' : batch.bytes.toString('latin1', start, batch[`${column}End`][row] as number)
}
