// Deletes single documents: only the verification's repair does that.
import type { Cluster } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import { IndexferryError } from '../foundation/errors.ts'
import { ABSENT, type DocumentBatch } from '../model/document-batch.ts'
import { readBulkAnswer } from './bulk-answer.ts'

/** Rows are as the index itself gave them (id, routing, type, parent). One that is gone already is no error. Durable when it resolves. */
export async function deleteDocuments(
  cluster: Cluster,
  index: string,
  batch: DocumentBatch,
  signal: AbortSignal,
): Promise<void> {
  const { mappingTypes, parentField } = cluster.capabilities
  const hasTypes = mappingTypes === 'several' || mappingTypes === 'one'
  const lines: string[] = []
  for (let row = 0; row < batch.count; row++) {
    const text = (start: Int32Array, end: Int32Array) => batch.text(start[row] as number, end[row] as number)
    const action: Record<string, string | undefined> = {
      _id: batch.id(row),
      routing: text(batch.routingStart, batch.routingEnd),
    }
    if (hasTypes && batch.typeStart[row] !== ABSENT) action._type = text(batch.typeStart, batch.typeEnd)
    if (parentField) action.parent = text(batch.parentStart, batch.parentEnd)
    lines.push(`${JSON.stringify({ delete: action })}\n`)
  }
  const answer = await cluster.bytes({
    method: 'POST',
    path: indexPath(index, '_bulk'),
    body: Buffer.from(lines.join('')),
    contentType: 'ndjson',
    // Deleting twice is the same as once.
    retry: 'safe',
    signal,
  })
  const { refused } = readBulkAnswer(answer.body, batch.count)
  const failed = refused.find(({ status }) => status !== 404)
  if (!failed) return
  throw new IndexferryError(
    'REQUEST_REFUSED',
    `target ${cluster.name}: document ${batch.id(failed.at)} of index ${index} could not be deleted: ${failed.reason}`,
    { side: cluster.side, fields: { index, status: failed.status } },
  )
}
