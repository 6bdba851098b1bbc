// Reads mappings, settings and aliases of one index.
import type { Cluster } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import { IndexferryError } from '../foundation/errors.ts'
import type { IndexDefinition } from '../model/index-definition.ts'
import { isJsonObject, type JsonObject } from '../model/json.ts'

/** Throws INDEX_MISSING. `index` is the name of one index, not of an alias over several. */
export async function readDefinition(cluster: Cluster, index: string): Promise<IndexDefinition> {
  // Without `include_type_name` each version answers in its own form: with types before 7.0, without them since.
  // Giving the parameter is refused before 6.7 and since 8.0.
  const { body } = await cluster.json<JsonObject>({ method: 'GET', path: indexPath(index) })
  const names = isJsonObject(body) ? Object.keys(body) : []
  const name = names.includes(index) ? index : names[0]
  if (name === undefined || (names.length > 1 && name !== index)) {
    throw new IndexferryError('INDEX_MISSING', `the ${cluster.side} ${cluster.name} has no single index ${index}`, {
      side: cluster.side,
      fields: { index },
    })
  }
  return decodeDefinition(name, body[name], cluster.capabilities.mappingTypes)
}

/** One entry of the answer to `GET /INDEX`. */
export function decodeDefinition(
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
