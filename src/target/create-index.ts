// Creates target indexes from planned definitions, and tries definitions out.
import { randomBytes } from 'node:crypto'
import type { Cluster } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import { type IndexferryError, isErrorOf } from '../foundation/errors.ts'
import type { IndexDefinition } from '../model/index-definition.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'
import { refusedDefinition } from './definition-refusals.ts'

/** The part of a plan that an index is made of. */
export interface IndexToCreate {
  readonly name: string
  readonly definition: IndexDefinition
}

/**
 * Creates the index without its aliases (applyAliases, when the copy is complete). `extraSettings` win over the definition's, and
 * null leaves one out. Throws DEFINITION_REFUSED with the place and the way out, or INDEX_DIFFERS when the index is there.
 */
export async function createIndex(
  cluster: Cluster,
  planned: IndexToCreate,
  extraSettings: JsonObject = {},
  signal?: AbortSignal,
): Promise<void> {
  const settings = { ...planned.definition.settings, ...extraSettings }
  for (const [name, value] of Object.entries(settings)) if (value === null) delete settings[name]
  const { types, mappings } = planned.definition
  const hasMappings = types.length > 0 || Object.keys(mappings).length > 0
  try {
    await cluster.json({
      method: 'PUT',
      path: indexPath(planned.name),
      body: { settings: { index: settings }, ...(hasMappings ? { mappings } : {}) } satisfies JsonObject,
      ...(signal ? { signal } : {}),
    })
  } catch (error) {
    if (!isErrorOf(error, 'REQUEST_REFUSED')) throw error
    throw refusedDefinition(error, planned, cluster)
  }
}

/**
 * Tries the definition on the target and leaves nothing behind: an index of one shard under a name that nobody else has is
 * created and deleted. Returns why it is refused, or undefined. Throws for anything else, such as a missing privilege.
 * `whileThere` is run with the name of that index before it is deleted.
 */
export async function checkDefinition(
  cluster: Cluster,
  planned: IndexToCreate,
  signal?: AbortSignal,
  whileThere?: (name: string) => Promise<void>,
): Promise<IndexferryError | undefined> {
  const name = probeName()
  // A create whose answer was lost may have worked, so the index is deleted unless it was certainly not made.
  let isMade = true
  try {
    await createProbe(cluster, { ...planned, name }, signal).catch((error: unknown) => {
      isMade = !isErrorOf(error, 'PRIVILEGE_MISSING', 'TARGET_READ_ONLY')
      throw error
    })
    await whileThere?.(name)
    return undefined
  } catch (error) {
    if (isErrorOf(error, 'DEFINITION_REFUSED')) return error
    throw error
  } finally {
    if (isMade) await deleteProbe(cluster, name)
  }
}

/** Throws PRIVILEGE_MISSING where a probe could not be deleted again: asked with a name that no index has. */
export const checkProbeDeletion = (cluster: Cluster): Promise<void> => deleteProbe(cluster, probeName())

/** The names of probes begin so; roles grant privileges on `indexferry-probe-*`. */
const probeName = (): string => `indexferry-probe-${randomBytes(8).toString('hex')}`

/** Priority and waiting are of no interest; an index that expands would keep the cluster busy. */
const createProbe = (cluster: Cluster, probe: IndexToCreate, signal?: AbortSignal): Promise<void> =>
  createIndex(
    cluster,
    probe,
    { number_of_shards: '1', number_of_replicas: '0', auto_expand_replicas: null, routing_partition_size: null },
    signal,
  )

async function deleteProbe(cluster: Cluster, name: string): Promise<void> {
  await cluster.json({ method: 'DELETE', path: indexPath(name), accept: [404] })
}

/**
 * Puts the aliases of a definition onto an index, all or none. Twice is the same as once. `writeIndex: 'keep'` also takes the
 * flag of the index that is written to over, which fails while another index holds it.
 */
export async function applyAliases(
  cluster: Cluster,
  index: string,
  aliases: JsonObject,
  options: { readonly writeIndex?: 'keep' | 'leave'; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const actions = Object.entries(aliases).map(([alias, parameters]) => ({
    add: { index, alias, ...aliasParameters(parameters, options.writeIndex ?? 'keep') },
  }))
  if (actions.length === 0) return
  await cluster.json({
    method: 'POST',
    path: '/_aliases',
    body: { actions } satisfies JsonObject,
    ...(options.signal ? { signal: options.signal } : {}),
  })
}

function aliasParameters(parameters: JsonValue, writeIndex: 'keep' | 'leave'): JsonObject {
  if (!isJsonObject(parameters)) return {}
  const { is_write_index: isWriteIndex, ...others } = parameters
  return isWriteIndex === undefined || writeIndex === 'leave' ? others : { ...others, is_write_index: isWriteIndex }
}
