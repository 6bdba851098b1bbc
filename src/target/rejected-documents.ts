// The file of documents that the target refused for good: each with what was sent and why it was refused, in the form of a file of
// documents, so that it can be read, mended and sent again.
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { IndexferryError } from '../foundation/errors.ts'
import { toOneLine } from '../foundation/json-bytes.ts'
import { makeFolder } from '../foundation/make-folder.ts'
import { ABSENT, type DocumentBatch } from '../model/document-batch.ts'
import type { RejectedDocument } from './target.ts'

export class RejectedDocuments {
  readonly file: string

  constructor(file: string) {
    this.file = file
  }

  /** Durable when it resolves. `version` is the external version that was sent with a row, or ABSENT. */
  async append(
    index: string,
    batch: DocumentBatch,
    rejected: readonly RejectedDocument[],
    version: (row: number) => number,
  ): Promise<void> {
    const lines = rejected.map((document) => rejectedLine(index, batch, document, version(document.row)))
    try {
      makeFolder(dirname(this.file))
      await using file = await open(this.file, 'a+', 0o600)
      // A crash may have torn the last line; a new one must not become part of it.
      const { size } = await file.stat()
      const last = Buffer.alloc(1)
      if (size > 0) await file.read(last, 0, 1, size - 1)
      if (size > 0 && last[0] !== 0x0a) lines.unshift(Buffer.from('\n'))
      await file.appendFile(Buffer.concat(lines))
      await file.datasync()
    } catch (cause) {
      throw new IndexferryError(
        'STATE_UNUSABLE',
        `rejected documents cannot be kept in ${this.file}: ${(cause as Error).message}`,
        {
          cause,
        },
      )
    }
  }
}

function rejectedLine(index: string, batch: DocumentBatch, document: RejectedDocument, version: number): Buffer {
  const { row, status, type, reason } = document
  const head: Record<string, unknown> = { _index: index, _id: batch.id(row) }
  const routing = batch.text(batch.routingStart[row] as number, batch.routingEnd[row] as number)
  const parent = batch.text(batch.parentStart[row] as number, batch.parentEnd[row] as number)
  const mappingType = batch.text(batch.typeStart[row] as number, batch.typeEnd[row] as number)
  if (routing !== undefined) head._routing = routing
  if (parent !== undefined) head._parent = parent
  if (mappingType !== undefined) head._type = mappingType
  if (version !== ABSENT) head._version = version
  head._error = { status, type, reason }
  const source = batch.sourceStart[row] === ABSENT ? Buffer.from('{}') : toOneLine(batch.source(row))
  return Buffer.concat([Buffer.from(`${JSON.stringify(head).slice(0, -1)},"_source":`), source, Buffer.from('}\n')])
}
