// Whether the credentials that read an index see all of it. Where documents or fields are hidden from them (DLS, FLS, masked fields), what they
// read is a part, and what they do not see would count as deleted.
import type { Cluster } from '../cluster/cluster.ts'
import { readRoles } from '../cluster/known-roles.ts'
import { indexPath } from '../cluster/paths.ts'
import { isErrorOf } from '../foundation/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'
import { fitsPattern } from '../source/index-expression.ts'

/** What a cluster does not tell is taken for the whole. */
export async function hidesParts(cluster: Cluster, index: string): Promise<boolean> {
  if (await hidesDocuments(cluster, index)) return true
  const known = await readRoles(cluster)
  if (known === undefined) return false
  return known.isPlugin
    ? rolesFilter(await ask(cluster, '/_plugins/_security/api/roles'), known.roles, index)
    : privilegesFilter(await ask(cluster, '/_security/user/_privileges'), index)
}

/** The security plugin of OpenSearch refuses to profile a search where it hides documents, and says so; nothing is searched for. */
async function hidesDocuments(cluster: Cluster, index: string): Promise<boolean> {
  const answer = await unlessUnknown(() =>
    cluster.json<JsonObject>({
      method: 'POST',
      path: indexPath(index, '_search'),
      body: { size: 0, profile: true, query: { match_none: {} } },
      // Shards that are not there, or have no time, are somebody else's to tell.
      accept: [400, 403, 404, 429, 500, 503],
      retry: 'none',
    }),
  )
  return answer?.status === 500 && /not supported when DLS is activated/.test(JSON.stringify(answer.body))
}

/** Undefined where it may not be asked. */
async function ask(cluster: Cluster, path: string): Promise<JsonValue | undefined> {
  const accept = [400, 401, 403, 404, 405, 500]
  const answer = await unlessUnknown(() => cluster.json<JsonValue>({ method: 'GET', path, accept, retry: 'none' }))
  return answer?.status === 200 ? answer.body : undefined
}

/** Services that are only like a cluster answer what they do not know in their own ways. */
async function unlessUnknown<Answer>(call: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await call()
  } catch (error) {
    if (isErrorOf(error, 'ANSWER_INVALID', 'REQUEST_REFUSED')) return undefined
    throw error
  }
}

/** OpenSearch: a restriction holds although another role has none (`dfm_empty_overrides_all` is off by default). */
export function rolesFilter(all: JsonValue | undefined, mine: readonly string[], index: string): boolean {
  if (!isJsonObject(all)) return false
  const parts = mine.flatMap((role) => {
    const found = Object.hasOwn(all, role) ? all[role] : undefined
    return isJsonObject(found) ? listOf(found.index_permissions) : []
  })
  return parts.some(
    ({ index_patterns: patterns, dls, fls, masked_fields: masked }) =>
      textsOf(patterns).some((pattern) => fitsPattern(index, pattern)) &&
      ((typeof dls === 'string' && dls !== '') || textsOf(fls).length > 0 || textsOf(masked).length > 0),
  )
}

/** Elasticsearch: a role without restrictions lifts those of the others. */
export function privilegesFilter(answer: JsonValue | undefined, index: string): boolean {
  const reading = listOf(isJsonObject(answer) ? answer.indices : undefined).filter(
    ({ names, privileges }) =>
      textsOf(names).some((name) => fitsName(index, name)) &&
      textsOf(privileges).some((privilege) => /^(all|read|indices:data\/read.*|indices:\*)$/.test(privilege)),
  )
  const isWhole = (field: JsonObject) => textsOf(field.grant).includes('*') && textsOf(field.except).length === 0
  const hidesSome = ({ field_security: fields }: JsonObject) => {
    const given = listOf(fields)
    return given.length > 0 && !given.some(isWhole)
  }
  return reading.length > 0 && (reading.every(({ query }) => textsOf(query).length > 0) || reading.every(hidesSome))
}

/** `/…/` is a regular expression there. */
function fitsName(index: string, name: string): boolean {
  if (!name.startsWith('/') || !name.endsWith('/') || name.length < 2) return fitsPattern(index, name)
  try {
    return new RegExp(`^(?:${name.slice(1, -1)})$`).test(index)
  } catch {
    // One of Lucene's own forms.
    return false
  }
}

const listOf = (value: JsonValue | undefined): JsonObject[] => (Array.isArray(value) ? value.filter(isJsonObject) : [])

const textsOf = (value: JsonValue | undefined): string[] =>
  typeof value === 'string'
    ? [value]
    : Array.isArray(value)
      ? value.filter((each): each is string => typeof each === 'string')
      : []
