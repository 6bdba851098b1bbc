// Staging indexes: documents of a remote that wait in the local cluster for a script, which only the cluster itself can run. They are stored
// as they are, with version and routing, and nothing of them is indexed. There is one for each source index, because two of these
// may hold the same id; and for documents with a routing of their own one for each shard of it, because two shards may hold the same id.
import { createHash } from 'node:crypto'
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { ABSENT, type DocumentBatch } from '../../model/document-batch.ts'
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
  private readonly byPlace = new Map<string, Promise<ReindexTarget>>()
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
    const isOrdered = this.options.request.source.sort !== undefined
    for (const [place, rows] of rowsByPlace(batch, options.shard, isOrdered)) {
      const target = await this.stagingOf(place)
      const part = rows.length === batch.count ? batch : selectRows(batch, rows)
      const written = await target.write(part, options)
      if (options.shard === undefined && !options.isReplay && written.updated > 0) throw this.twice(written.updated)
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

  /** Where shards are not known, each document is read once: one that was there before is another one with the same id. */
  private twice(count: number): IndexferryError {
    const { name, side } = this.options.cluster
    const sentence = `${name}: ${count} documents of the remote have the id of another one, with another routing; a script cannot be given both`
    return new IndexferryError('REQUEST_REFUSED', sentence, {
      side,
      remedy: 'Leave `sort` out, or call once for each routing, with a query on `_routing`.',
    })
  }

  private stagingOf(place: string): Promise<ReindexTarget> {
    let staging = this.byPlace.get(place)
    if (!staging) {
      staging = this.create(place)
      this.byPlace.set(place, staging)
      staging.catch(() => this.byPlace.delete(place))
    }
    return staging
  }

  private async create(place: string): Promise<ReindexTarget> {
    const { cluster, name } = this.options
    const shards = isOfOneShard(place) ? 1 : this.options.shards
    const index = `${name}-${createHash('sha256').update(place).digest('hex').slice(0, 12)}`
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
      // So that an overwritten document is counted as updated.
      hasUniqueIds: false,
    })
  }
}

/** No index name holds a slash. */
const placeOfShard = (source: string, shard: number): string => `${source}/${shard}`
const isOfOneShard = (place: string): boolean => place.includes('/')

/** In an order, all go to one staging: the cluster reads it in the order in which it was written. */
function rowsByPlace(batch: DocumentBatch, shard: number | undefined, isOrdered: boolean): Map<string, number[]> {
  const rows = new Map<string, number[]>()
  for (let row = 0; row < batch.count; row++) {
    const start = batch.indexStart[row] as number
    const source = isOrdered
      ? ''
      : batch.bytes.toString('latin1', Math.max(0, start), Math.max(0, batch.indexEnd[row] as number))
    const isRouted = batch.routingStart[row] !== ABSENT || batch.parentStart[row] !== ABSENT
    const place = isRouted && !isOrdered && shard !== undefined ? placeOfShard(source, shard) : source
    const known = rows.get(place)
    if (known) known.push(row)
    else rows.set(place, [row])
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
