// Reads mappings, settings and aliases of one index.
import type { Cluster } from '../cluster/cluster.ts'
import { gatheredCalls } from '../cluster/gathered-calls.ts'
import { indexPath } from '../cluster/paths.ts'
import { IndexferryError } from '../foundation/errors.ts'
import type { IndexDefinition } from '../model/index-definition.ts'
import { isJsonObject, type JsonObject } from '../model/json.ts'

interface NamedEntry {
  readonly name: string
  readonly entry: unknown
}

const entries = gatheredCalls<NamedEntry>({
  // A mapping may have megabytes.
  manyMax: 16,
  askMany: async (cluster, indexes) => {
    const found = Object.entries(await askForEntries(cluster, indexes.join(','), true))
    return new Map(found.map(([name, entry]) => [name, { name, entry }]))
  },
  askOne: async (cluster, index) => {
    const body = await askForEntries(cluster, index, undefined)
    const names = Object.keys(body)
    const name = names.includes(index) ? index : names[0]
    if (name !== undefined && (names.length === 1 || name === index)) return { name, entry: body[name] }
    throw new IndexferryError('INDEX_MISSING', `the ${cluster.side} ${cluster.name} has no single index ${index}`, {
      side: cluster.side,
      fields: { index },
    })
  },
})

/**
 * Without `include_type_name` each version answers in its own form: with types before 7.0, without them since. Giving the parameter is refused
 * before 6.7 and since 8.0.
 */
async function askForEntries(
  cluster: Cluster,
  indexes: string,
  ignoreUnavailable: true | undefined,
): Promise<JsonObject> {
  const query = { ignore_unavailable: ignoreUnavailable }
  const { body } = await cluster.json<JsonObject>({ method: 'GET', path: indexPath(indexes), query })
  return isJsonObject(body) ? body : {}
}

/** Throws INDEX_MISSING. `index` is the name of one index, not of an alias over several. */
export async function readDefinition(cluster: Cluster, index: string): Promise<IndexDefinition> {
  const { name, entry } = await entries(cluster).get(index, new AbortController().signal)
  return decodeDefinition(name, entry, cluster.capabilities.mappingTypes)
}

/** One entry of the answer to `GET /INDEX`. */
function decodeDefinition(
  name: string,
  entry: unknown,
  mappingTypes: Cluster['capabilities']['mappingTypes'],
): IndexDefinition {
  const { mappings, settings, aliases } = isJsonObject(entry) ? entry : {}
  const mapped = isJsonObject(mappings) ? mappings : {}
  const hasTypes = mappingTypes === 'several' || mappingTypes === 'one'
  // Beside `index` there may be `archived`: settings that an upgrade no longer understood.
  const { index } = isJsonObject(settings) ? settings : {}
  return {
    name,
    types: hasTypes ? Object.keys(mapped) : [],
    mappings: mapped,
    settings: isJsonObject(index) ? index : {},
    aliases: isJsonObject(aliases) ? aliases : {},
  }
}
