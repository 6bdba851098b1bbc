// Creates a data stream on the target, which takes an index template that fits its name.
import type { Cluster } from '../cluster/cluster.ts'
import { IndexferryError, isErrorOf } from '../foundation/errors.ts'
import type { IndexDefinition } from '../model/index-definition.ts'
import type { JsonObject } from '../model/json.ts'
import { refusedDefinition } from './definition-refusals.ts'

export interface CreatedDataStream {
  /** The index template that was made for it, which must stay as long as the data stream is to grow. */
  readonly template: string
}

/**
 * Makes the template `indexferry-NAME`, which fits this name only and comes before all others, and the data stream. Both may be there
 * already: then the template is written again and the data stream is left as it is. Throws DEFINITION_UNSUPPORTED where the
 * target has no data streams.
 */
export async function createDataStream(
  cluster: Cluster,
  name: string,
  definition: IndexDefinition,
  timeField = '@timestamp',
  signal?: AbortSignal,
): Promise<CreatedDataStream> {
  if (!cluster.capabilities.dataStreams) throw withoutDataStreams(cluster, name)
  const template = `indexferry-${name}`
  const withSignal = signal ? { signal } : {}
  // A template cannot say `hidden` for backing indexes, which always are.
  const { hidden: _hidden, ...settings } = definition.settings
  // Elasticsearch takes no other time field than @timestamp and refuses to be told.
  const own: JsonObject = timeField === '@timestamp' ? {} : { timestamp_field: { name: timeField } }
  const body: JsonObject = {
    index_patterns: [name],
    priority: 2_000_000,
    data_stream: own,
    template: { settings: { index: settings }, mappings: definition.mappings },
    _meta: { description: `made by indexferry for the data stream ${name}` },
  }
  try {
    await cluster.json({ method: 'PUT', path: `/_index_template/${encodeURIComponent(template)}`, body, ...withSignal })
    await cluster.json({ method: 'PUT', path: `/_data_stream/${encodeURIComponent(name)}`, ...withSignal })
  } catch (error) {
    if (!isErrorOf(error, 'REQUEST_REFUSED')) throw error
    if (/no handler found|must not start with '_'|incorrect HTTP method/i.test(error.message))
      throw withoutDataStreams(cluster, name)
    const refused = refusedDefinition(error, { name, definition }, cluster)
    if (refused.code !== 'INDEX_DIFFERS') throw refused
  }
  return { template }
}

const withoutDataStreams = (cluster: Cluster, name: string): IndexferryError =>
  new IndexferryError('DEFINITION_UNSUPPORTED', `the target ${cluster.name} has no data streams, and ${name} is one`, {
    side: cluster.side,
    remedy: 'Copy its backing indexes to plain indexes, or into one, with --rename.',
    fields: { index: name },
  })
