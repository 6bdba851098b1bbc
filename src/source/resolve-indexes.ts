// Finds the indexes that an expression names: by name, pattern, alias or data stream. It needs no more than the privilege to read
// settings and aliases (view_index_metadata, indices:admin/get): neither cluster state nor _cat, which lists differently everywhere.
import type { Cluster } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import { IndexferryError } from '../foundation/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'
import { type DataStream, listDataStreams } from './data-streams.ts'
import { type ExpressionPart, fitsPattern, parseIndexExpression, reachesHidden } from './index-expression.ts'
import { listOpen } from './open-indexes.ts'

export interface ResolvedIndex {
  readonly name: string
  /** The part of the expression that named it. */
  readonly requestedAs: string
  /** Set when it was named through an alias; a filter limits what is read. */
  readonly alias?: { readonly name: string; readonly filter?: JsonObject }
  readonly dataStream?: {
    readonly name: string
    readonly timeField: string
    /** 1, 2, … in the order in which the backing indexes were made; the last one is written to. */
    readonly position: number
    readonly isWriteIndex: boolean
  }
  readonly isHidden: boolean
}

export interface ResolveOptions {
  /** Told what a pattern passes over. */
  readonly note?: (text: string) => void
  readonly signal?: AbortSignal
}

/** In the order of the expression, names of a pattern sorted; no index twice. Throws INDEX_MISSING and INDEX_CLOSED. */
export async function resolveIndexes(
  cluster: Cluster,
  expression: string,
  options: ResolveOptions = {},
): Promise<readonly ResolvedIndex[]> {
  const parts = parseIndexExpression(expression, cluster.side)
  const streams = await listDataStreams(cluster, options.signal)
  const found = new Map<string, ResolvedIndex>()
  for (const part of parts) {
    if (part.kind === 'exclusion') {
      exclude(found, part.text)
      continue
    }
    const resolved = await resolvePart(cluster, part, streams, options)
    for (const index of resolved) addIndex(found, index, cluster)
  }
  if (found.size === 0) throw missing(cluster, expression)
  return [...found.values()]
}

const missing = (cluster: Cluster, name: string): IndexferryError =>
  new IndexferryError(
    'INDEX_MISSING',
    `the ${cluster.side} ${cluster.name} has no index, alias or data stream ${name}`,
    {
      side: cluster.side,
      fields: { index: name },
    },
  )

function exclude(found: Map<string, ResolvedIndex>, pattern: string): void {
  for (const [name, index] of found) {
    const names = [name, index.dataStream?.name, index.alias?.name]
    if (names.some((each) => each !== undefined && fitsPattern(each, pattern))) found.delete(name)
  }
}

/** An index that is named with and without a filter is wanted whole; two filters together have no single answer. */
function addIndex(found: Map<string, ResolvedIndex>, index: ResolvedIndex, cluster: Cluster): void {
  const there = found.get(index.name)
  if (!there) found.set(index.name, index)
  else if (there.alias?.filter && index.alias?.filter && there.alias.name !== index.alias.name) {
    const aliases = `${there.alias.name} and ${index.alias.name}`
    throw new IndexferryError('USAGE', `the aliases ${aliases} both show a part of the index ${index.name}`, {
      side: cluster.side,
      remedy: 'Name one alias at a time, or the index itself.',
    })
  } else if (there.alias?.filter && !index.alias?.filter) found.set(index.name, index)
}

interface Listed {
  readonly name: string
  readonly isHidden: boolean
}

async function resolvePart(
  cluster: Cluster,
  { kind, text }: ExpressionPart,
  streams: readonly DataStream[],
  options: ResolveOptions,
): Promise<ResolvedIndex[]> {
  return kind === 'pattern'
    ? resolvePattern(cluster, text, streams, options)
    : resolveName(cluster, text, streams, options)
}

async function resolveName(
  cluster: Cluster,
  name: string,
  streams: readonly DataStream[],
  { signal }: ResolveOptions,
): Promise<ResolvedIndex[]> {
  const listed = await listIndexes(cluster, name, signal)
  if (listed.length === 0) throw missing(cluster, name)
  const open = await listOpen(
    cluster,
    listed.map((index) => index.name),
    signal,
  )
  const closed = listed.find((index) => !open.has(index.name))
  if (closed) {
    const through = closed.name === name ? '' : `, which ${name} stands for,`
    throw new IndexferryError(
      'INDEX_CLOSED',
      `the index ${closed.name}${through} is closed on the ${cluster.side} ${cluster.name}`,
      {
        side: cluster.side,
        fields: { index: closed.name },
      },
    )
  }
  if (listed.length === 1 && listed[0]?.name === name) return listed.map((index) => describe(index, name, streams))
  const stream = streams.find((each) => each.name === name)
  if (stream) return inOrder(listed, stream).map((index) => describe(index, name, streams))
  const filters = await readAliasFilters(cluster, name, signal)
  return sorted(listed).map((index) => {
    const filter = filters.get(index.name)
    return { ...describe(index, name, streams), alias: { name, ...(filter ? { filter } : {}) } }
  })
}

async function resolvePattern(
  cluster: Cluster,
  pattern: string,
  streams: readonly DataStream[],
  { note, signal }: ResolveOptions,
): Promise<ResolvedIndex[]> {
  const hidden = reachesHidden(pattern)
  const ofStreams = streams.filter((each) => fitsPattern(each.name, pattern) && (hidden || !each.isHidden))
  const backing = new Set(ofStreams.flatMap((stream) => stream.indexes))
  // A server also follows aliases that fit a pattern; here a pattern means names, so that nothing is copied by surprise.
  const listed = (await listIndexes(cluster, pattern, signal)).filter(
    (index) =>
      fitsPattern(index.name, pattern) &&
      !backing.has(index.name) &&
      (hidden || !(index.isHidden || index.name.startsWith('.'))),
  )
  const open = await listOpen(cluster, [...listed.map((index) => index.name), ...backing], signal)
  for (const name of [...listed.map((index) => index.name), ...backing]) {
    if (!open.has(name)) note?.(`the index ${name} is closed and is left out`)
  }
  const resolved = [
    ...sorted(listed).map((index) => describe(index, pattern, streams)),
    ...ofStreams.flatMap((stream) =>
      stream.indexes.map((name) => describe({ name, isHidden: true }, pattern, streams)),
    ),
  ].filter((index) => open.has(index.name))
  if (resolved.length === 0) throw missing(cluster, pattern)
  return resolved
}

const sorted = (listed: readonly Listed[]): Listed[] => [...listed].sort((a, b) => (a.name < b.name ? -1 : 1))

const inOrder = (listed: readonly Listed[], stream: DataStream): Listed[] =>
  stream.indexes.flatMap((name) => listed.find((index) => index.name === name) ?? [])

function describe(index: Listed, requestedAs: string, streams: readonly DataStream[]): ResolvedIndex {
  const stream = streams.find((each) => each.indexes.includes(index.name))
  const position = stream ? stream.indexes.indexOf(index.name) + 1 : 0
  return {
    name: index.name,
    requestedAs,
    isHidden: index.isHidden,
    ...(stream
      ? {
          dataStream: {
            name: stream.name,
            timeField: stream.timeField,
            position,
            isWriteIndex: position === stream.indexes.length,
          },
        }
      : {}),
  }
}

/** The indexes behind a name or pattern, open or closed, hidden or not; empty when there are none. */
async function listIndexes(cluster: Cluster, expression: string, signal: AbortSignal | undefined): Promise<Listed[]> {
  const { status, body } = await cluster.json<JsonObject>({
    method: 'GET',
    path: indexPath(expression, '_settings'),
    query: {
      expand_wildcards: cluster.capabilities.hiddenIndexes ? 'all' : 'open,closed',
      allow_no_indices: true,
      // An index whose settings are all filtered out would be missing, so one that every index has is asked for.
      filter_path: '*.settings.index.uuid,*.settings.index.hidden',
    },
    accept: [404],
    ...(signal ? { signal } : {}),
  })
  if (status === 404 || !isJsonObject(body)) return []
  return Object.entries(body).map(([name, entry]) => ({ name, isHidden: isHiddenSetting(entry) }))
}

function isHiddenSetting(entry: JsonValue): boolean {
  const settings = isJsonObject(entry) ? entry.settings : undefined
  const index = isJsonObject(settings) ? settings.index : undefined
  return isJsonObject(index) && String(index.hidden) === 'true'
}

async function readAliasFilters(
  cluster: Cluster,
  alias: string,
  signal: AbortSignal | undefined,
): Promise<Map<string, JsonObject>> {
  const { body } = await cluster.json<JsonObject>({
    method: 'GET',
    path: `/_alias/${encodeURIComponent(alias)}`,
    accept: [404],
    ...(signal ? { signal } : {}),
  })
  const filters = new Map<string, JsonObject>()
  for (const [name, entry] of Object.entries(isJsonObject(body) ? body : {})) {
    const aliases = isJsonObject(entry) ? entry.aliases : undefined
    const own = isJsonObject(aliases) ? aliases[alias] : undefined
    if (isJsonObject(own) && isJsonObject(own.filter)) filters.set(name, own.filter)
  }
  return filters
}
