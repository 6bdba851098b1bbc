// Sends the documents again that the target refused when a copy ran. Those that it still refuses stay in the file.
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { monotonicMs } from '../foundation/clock.ts'
import { asIndexferryError, IndexferryError } from '../foundation/errors.ts'
import type { CopyUnit } from '../mechanism/copy-unit.ts'
import { openUnitTarget } from '../mechanism/open-unit.ts'
import { addCounts, type DocumentCounts, noCounts } from '../model/counts.ts'
import { ABSENT, type DocumentBatch } from '../model/document-batch.ts'
import { formatLocation } from '../model/location.ts'
import { selectRows } from '../model/select-rows.ts'
import { openNdjsonSource } from '../source/ndjson-source.ts'
import { RejectedDocuments } from '../target/rejected-documents.ts'
import type { DocumentTarget } from '../target/target.ts'
import { copyKey, openCatalog } from './catalog.ts'
import type { CopyWriter } from './catalog-writer.ts'
import { bodyBytesDefault, contentOptions } from './copy-request.ts'
import { type OpenSides, openSides, writersDefault } from './open-sides.ts'
import type { CopyRequest, CopyResult } from './start-copy.ts'

/** The result counts the copy as a whole, after the documents that are written now have moved from rejected to written. */
export async function retryRejected(request: Omit<CopyRequest, 'onStart'>): Promise<CopyResult> {
  using catalog = openCatalog(request.stateFolder)
  await using sides = await openSides(request.source, request.target, request.values, request.note)
  if (sides.target.kind === 'file')
    throw new IndexferryError('USAGE', 'a file rejects no documents, so there are none to send again')
  const writer = catalog.claimCopy({
    key: copyKey(request.source, request.target, contentOptions(request.values)),
    command: request.command,
    source: formatLocation(request.source),
    target: formatLocation(request.target),
    how: 'reopen',
  })
  const started = monotonicMs()
  try {
    const file = join(request.stateFolder, 'rejected', `${writer.id}.ndjson`)
    await resend(file, sides, writer, request)
    const result = resultOf(writer, file, (monotonicMs() - started) / 1000)
    writer.release(writer.stateBefore)
    return result
  } catch (error) {
    writer.release(writer.stateBefore, { error: asIndexferryError(error).toJSON() })
    throw error
  }
}

async function resend(
  file: string,
  sides: OpenSides,
  writer: CopyWriter,
  request: Omit<CopyRequest, 'onStart'>,
): Promise<void> {
  // A file that an interrupted retry left behind holds what that one had still to send.
  const source = await openNdjsonSource({
    file,
    index: 'rejected',
    lineBytesMax: 2 * request.values.writing.documentBytesMax,
  })
  const stillRejected = new RejectedDocuments(`${file}.again`)
  await rm(stillRejected.file, { force: true })
  const units = unitsByTarget(writer)
  const targets = new Map<string, DocumentTarget>()
  const moved = new Map<string, number>()
  const batches = source.readBatches((await source.listPartitions())[0]!, undefined, {
    signal: request.stop,
    batchBytes: () => 1024 * 1024,
  })
  for await (const batch of batches) {
    for (const [index, rows] of rowsByIndex(batch)) {
      const unit = units.get(index)
      if (!unit)
        throw new IndexferryError('FILE_BROKEN', `${file} names an index ${index} that the copy does not have`, {
          side: 'file',
        })
      const target = targets.get(index) ?? (await openTarget(sides, unit, request))
      targets.set(index, target)
      const part = selectRows(batch, rows)
      const result = await target.writeBatch(part, request.stop)
      if (result.rejected.length > 0)
        await stillRejected.append(index, part, result.rejected, (row) => part.version[row] as number)
      const written = result.written + result.unchanged
      moved.set(unit.name, (moved.get(unit.name) ?? 0) + written)
    }
  }
  for (const [name, documents] of moved) writer.correctCounts(name, { written: documents, rejected: -documents })
  await replaceOrRemove(stillRejected.file, file)
}

async function replaceOrRemove(again: string, file: string): Promise<void> {
  try {
    await rename(again, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    // Nothing was rejected again.
    await rm(file, { force: true })
  }
}

function unitsByTarget(writer: CopyWriter): Map<string, CopyUnit> {
  const units = writer.listIndexes().map(({ definition }) => definition as unknown as CopyUnit)
  return new Map(units.map((unit) => [unit.dataStream?.name ?? unit.targetIndex, unit]))
}

/** The file holds the version that each document was sent with, so that a newer copy is not overwritten now. */
const openTarget = (
  sides: OpenSides,
  unit: CopyUnit,
  { values }: Omit<CopyRequest, 'onStart'>,
): Promise<DocumentTarget> =>
  openUnitTarget(
    sides.target,
    { ...unit, versionBase: 0 },
    {
      writersMax: values.writing.writers ?? writersDefault,
      bodyBytesMax: values.writing.bodyBytes ?? bodyBytesDefault,
      resumeFrom: undefined,
    },
  )

function rowsByIndex(batch: DocumentBatch): Map<string, number[]> {
  const byIndex = new Map<string, number[]>()
  for (let row = 0; row < batch.count; row++) {
    const index = batch.text(batch.indexStart[row] as number, batch.indexEnd[row] as number) ?? ''
    // Only `_version` says which copy this was; a sequence number would be counted from again.
    batch.sequenceNumber[row] = ABSENT
    byIndex.set(index, [...(byIndex.get(index) ?? []), row])
  }
  return byIndex
}

function resultOf(writer: CopyWriter, file: string, seconds: number): CopyResult {
  const indexes = writer.listIndexes()
  const counts = indexes.reduce<DocumentCounts>((sum, index) => addCounts(sum, index.counts), noCounts)
  return {
    copy: writer.id,
    state: writer.stateBefore === 'completed' ? 'completed' : writer.stateBefore === 'failed' ? 'failed' : 'paused',
    isResumed: true,
    canGoOn: false,
    counts,
    seconds,
    documentsPerSecond: 0,
    operationsBehind: null,
    rejectedFile: counts.rejected > 0 ? file : undefined,
    indexes: indexes.map((index) => ({ source: index.name, target: index.target, counts: index.counts })),
  }
}
