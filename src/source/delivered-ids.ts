// Remembers which documents of a partition were handed on, for readers that may not hand one on twice when they have to read again.
import { IndexferryError } from '../foundation/errors.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import { selectRows } from '../model/select-rows.ts'

/** A partition has about 200,000 documents where the version allows small ones; this is for those where it does not. */
const idsMax = 5_000_000

export class DeliveredIds {
  private readonly ids = new Set<string>()

  /** The documents of the batch that are new, which are remembered. */
  onlyNew(batch: DocumentBatch): DocumentBatch {
    const rows: number[] = []
    for (let row = 0; row < batch.count; row++) {
      const id = this.identityOf(batch, row)
      if (this.ids.has(id)) continue
      this.ids.add(id)
      rows.push(row)
    }
    if (this.ids.size > idsMax) {
      throw new IndexferryError(
        'CONTEXT_LOST',
        `a partition has more than ${idsMax} documents, too many to tell which came twice`,
        {
          side: 'source',
          remedy: 'Copy into a cluster, where a document that comes twice does no harm, and from there into a file.',
        },
      )
    }
    return rows.length === batch.count ? batch : selectRows(batch, rows)
  }

  private identityOf(batch: DocumentBatch, row: number): string {
    const type = batch.bytes.toString('latin1', Math.max(0, batch.typeStart[row]!), Math.max(0, batch.typeEnd[row]!))
    const id = batch.bytes.toString('latin1', batch.idStart[row]!, batch.idEnd[row]!)
    // Documents of one id and different routings may lie on different shards of an index that is read as a whole.
    const routing = batch.bytes.toString(
      'latin1',
      Math.max(0, batch.routingStart[row]!),
      Math.max(0, batch.routingEnd[row]!),
    )
    return `${type}#${routing}#${id}`
  }
}
