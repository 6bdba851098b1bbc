// Staging indexes: documents of a remote that wait in the local cluster for a script, which only the cluster itself can run. They are stored
// as they are, with version and routing, and nothing of them is indexed. There is one for each source index, because two of these
// may hold the same id.
import { createHash } from 'node:crypto'
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import type { DocumentBatch } from '../../model/document-batch.ts'
import type { JsonObject } from '../../model/json.ts'
import type { ReindexRequest } from '../../model/reindex.ts'
import { selectRows } from '../../model/select-rows.ts'
import { createIndex } from '../../target/create-index.ts'
import { ReindexTarget, type ReindexWritten, type WriteOptions } from '../../target/reindex-target.ts'
import { bulkFormOf } from './bulk-form.ts'
import type { ReindexDestination } from './reindex-carriage.ts'

export interface StagingOptions {
  readonly cluster: Cluster
  readonly request: ReindexRequest
  /** What the names begin with. */
  readonly name: string
  readonly shards: number
}

export class StagingIndexes implements ReindexDestination {
  private readonly options: StagingOptions
  private readonly bySource = new Map<string, Promise<ReindexTarget>>()
  private readonly first: ReindexTarget

  constructor(options: StagingOptions) {
    this.options = options
    this.first = this.target(options.name)
  }

  get bodyBytes(): number {
    return this.first.bodyBytes
  }

  ready(signal: AbortSignal): Promise<void> {
    return this.first.ready(signal)
  }

  async write(batch: DocumentBatch, options: WriteOptions): Promise<ReindexWritten> {
    const all: ReindexWritten = { created: 0, updated: 0, versionConflicts: 0, failures: [] }
    for (const [source, rows] of rowsBySource(batch, this.options.request.source.sort !== undefined)) {
      const target = await this.stagingOf(source)
      const part = rows.length === batch.count ? batch : selectRows(batch, rows)
      const written = await target.write(part, options)
      all.created += written.created
      all.updated += written.updated
      all.versionConflicts += written.versionConflicts
      all.failures.push(...written.failures)
    }
    const [failure] = all.failures
    if (failure) {
      const sentence = `${this.options.cluster.name}: document ${failure.id} could not be kept in the staging index ${failure.index}: ${JSON.stringify(failure.cause)}`
      throw new IndexferryError('REQUEST_REFUSED', sentence, { side: 'target', fields: { status: failure.status } })
    }
    return all
  }

  private stagingOf(source: string): Promise<ReindexTarget> {
    let staging = this.bySource.get(source)
    if (!staging) {
      staging = this.create(source)
      this.bySource.set(source, staging)
      staging.catch(() => this.bySource.delete(source))
    }
    return staging
  }

  private async create(source: string): Promise<ReindexTarget> {
    const { cluster, name, shards } = this.options
    const index = `${name}-${createHash('sha256').update(source).digest('hex').slice(0, 12)}`
    const { status } = await cluster.bytes({ method: 'HEAD', path: indexPath(index), accept: [404] })
    if (status === 404) {
      const { hiddenIndexes, mappingTypes } = cluster.capabilities
      const closed: JsonObject = { enabled: false }
      const types = mappingTypes === 'several' ? ['_default_'] : mappingTypes === 'one' ? ['_doc'] : []
      const settings: JsonObject = {
        number_of_shards: String(shards),
        number_of_replicas: '0',
        refresh_interval: '-1',
        ...(hiddenIndexes ? { hidden: 'true' } : {}),
      }
      const [type] = types
      const mappings: JsonObject = type === undefined ? closed : { [type]: closed }
      await createIndex(cluster, { name: index, definition: { name: index, types, mappings, settings, aliases: {} } })
    }
    return this.target(index)
  }

  private target(index: string): ReindexTarget {
    const { cluster, request } = this.options
    const kept: ReindexRequest = {
      ...request,
      dest: { ...request.dest, opType: 'index', versionType: 'external', routing: 'keep', pipeline: undefined },
    }
    const documentType = cluster.capabilities.mappingTypes === 'one' ? '_doc' : undefined
    return new ReindexTarget({
      cluster,
      index,
      form: bulkFormOf(kept, cluster, documentType),
      documentType,
      parameters: {},
      readTimeoutMs: undefined,
      // Documents of an order are to have sequence numbers in that order.
      writersMax: request.source.sort === undefined ? 8 : 1,
      bodyBytesMax: 2 * 1024 * 1024,
      // Nobody else writes there: whatever is there in this version was kept before.
      findOwn: async (conflicts) => new Set(conflicts.map(({ row }) => row)),
      wasEmpty: true,
      hasUniqueIds: true,
    })
  }
}

/** In an order, all go to one staging: the cluster reads it in the order in which it was written. */
function rowsBySource(batch: DocumentBatch, isOrdered: boolean): Map<string, number[]> {
  const rows = new Map<string, number[]>()
  for (let row = 0; row < batch.count; row++) {
    const start = batch.indexStart[row] as number
    const source = isOrdered
      ? ''
      : batch.bytes.toString('latin1', Math.max(0, start), Math.max(0, batch.indexEnd[row] as number))
    const known = rows.get(source)
    if (known) known.push(row)
    else rows.set(source, [row])
  }
  return rows
}

/** Twice is the same as once. */
export async function deleteStaging(cluster: Cluster, name: string): Promise<void> {
  for (const index of await listStaging(cluster, name))
    await cluster.json({ method: 'DELETE', path: indexPath(index), accept: [404] })
}

export async function listStaging(cluster: Cluster, name: string): Promise<string[]> {
  const { body, status } = await cluster.json<JsonObject>({
    method: 'GET',
    path: indexPath(`${name}-*`, '_settings'),
    query: {
      ...(cluster.capabilities.hiddenIndexes ? { expand_wildcards: 'all' } : {}),
      filter_path: '*.settings.index.uuid',
    },
    accept: [404],
  })
  return status === 404 ? [] : Object.keys(body ?? {}).filter((index) => index.startsWith(`${name}-`))
}
