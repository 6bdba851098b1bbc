// What only the live source tells of the indexes in a snapshot: which version created them, and the field types and analysis that
// they need.
import type { Cluster } from '../../cluster/cluster.ts'
import { formatMadeBy, madeByOfId, opensIndex } from '../../cluster/snapshot-versions.ts'
import { IndexferryError, isErrorOf } from '../../foundation/errors.ts'
import { formatVersion } from '../../model/cluster-version.ts'
import type { IndexDefinition } from '../../model/index-definition.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts'
import { readDefinition } from '../../source/read-definition.ts'
import { checkDefinition } from '../../target/create-index.ts'
import type { RestoreTarget } from './check-restore.ts'
import { subjectOf } from './explain-refusal.ts'

/** An index that is gone from the source meanwhile is left to the restore itself. */
export async function checkLiveIndexes(
  cluster: Cluster,
  source: Cluster,
  targets: readonly RestoreTarget[],
  signal: AbortSignal,
): Promise<void> {
  const tried = new Set<string>()
  for (const { from } of targets) {
    signal.throwIfAborted()
    const definition = await findDefinition(source, from)
    if (!definition) continue
    checkCreated(cluster, definition)
    const needs = needsOf(definition)
    const key = JSON.stringify(needs)
    if (tried.has(key)) continue
    tried.add(key)
    await tryNeeds(cluster, from, needs, signal)
  }
}

async function findDefinition(source: Cluster, index: string): Promise<IndexDefinition | undefined> {
  try {
    return await readDefinition(source, index)
  } catch (error) {
    if (isErrorOf(error, 'INDEX_MISSING')) return undefined
    throw error
  }
}

function checkCreated(cluster: Cluster, { name, settings }: IndexDefinition): void {
  const { created } = isJsonObject(settings.version) ? settings.version : {}
  const madeBy = madeByOfId(created)
  const blocks = isJsonObject(settings.blocks) ? settings.blocks : {}
  if (!madeBy || opensIndex(madeBy, cluster.version, String(blocks.write) === 'true')) return
  throw new IndexferryError(
    'RESTORE_INDEX_TOO_OLD',
    `${subjectOf(cluster)} is ${formatVersion(cluster.version)}; the index ${name} was created by ${formatMadeBy(madeBy)}, whose indexes it does not open`,
    { side: cluster.side, fields: { index: name } },
  )
}

interface Needs {
  readonly analysis: JsonValue
  readonly types: readonly string[]
}

function needsOf({ settings, mappings }: IndexDefinition): Needs {
  const types = new Set<string>()
  collectTypes(mappings, types)
  return { analysis: settings.analysis ?? {}, types: [...types].sort() }
}

/** A field has its type beside its parameters; an object called `type` is the field of that name. */
function collectTypes(value: JsonValue | undefined, types: Set<string>): void {
  if (!isJsonObject(value)) return
  for (const [name, part] of Object.entries(value)) {
    if (name === 'type' && typeof part === 'string') types.add(part)
    else collectTypes(part, types)
  }
}

/** What every version has, and what the oldest indexes keep although new ones may not have it. */
const ordinary = new Set([
  ...['object', 'nested', 'text', 'string', 'keyword', 'date', 'boolean', 'binary', 'ip', 'geo_point', 'alias'],
  ...['long', 'integer', 'short', 'byte', 'double', 'float', 'half_float', 'scaled_float', 'completion', 'token_count'],
])

/** The words for a part that is not there at all; that new indexes may not have it any more is said otherwise. */
const lacking =
  /No handler for type|mapper type \[[^\]]+\].*does not exist|[Uu]nknown \w+ type|failed to find|Unknown (?:analyzer|tokenizer|filter|char_filter)/

async function tryNeeds(
  cluster: Cluster,
  index: string,
  { analysis, types }: Needs,
  signal: AbortSignal,
): Promise<void> {
  if (isJsonObject(analysis) && Object.keys(analysis).length > 0) {
    await tryDefinition(cluster, index, { settings: { analysis }, mappings: {} }, signal)
  }
  for (const type of types.filter((each) => !ordinary.has(each))) {
    await tryDefinition(cluster, index, { settings: {}, mappings: { properties: { probe: { type } } } }, signal)
  }
}

async function tryDefinition(
  cluster: Cluster,
  index: string,
  { settings, mappings }: { readonly settings: JsonObject; readonly mappings: JsonObject },
  signal: AbortSignal,
): Promise<void> {
  const hasTypes = ['several', 'one'].includes(cluster.capabilities.mappingTypes)
  const hasMappings = Object.keys(mappings).length > 0
  const definition: IndexDefinition = {
    name: index,
    types: hasTypes && hasMappings ? ['doc'] : [],
    mappings: hasTypes && hasMappings ? { doc: mappings } : mappings,
    settings,
    aliases: {},
  }
  const refused = await checkDefinition(cluster, { name: index, definition }, signal)
  if (!refused || !lacking.test(refused.message)) return
  const said = refused.message.replaceAll(/indexferry-probe-[0-9a-f]{16}/g, index)
  throw new IndexferryError(
    'RESTORE_LACKS_PLUGIN',
    `${subjectOf(cluster)}: the index ${index} needs what the target does not have: ${said}`,
    { side: cluster.side, fields: { index }, cause: refused },
  )
}
