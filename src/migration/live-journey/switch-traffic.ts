// The switch of traffic: the aliases of the indexes, then the user's hook. And back again.
//
// On one cluster, aliases move in one atomic call. From cluster to cluster they are added on the new side, and on the old side
// they stay for reading only (`is_write_index: false`, with which every write through them is refused): an alias that is gone
// would let a client that still writes through it make a new index of that name.
import type { Cluster } from '../../cluster/cluster.ts'
import type { CopyUnit } from '../../mechanism/copy-unit.ts'
import { indexExists } from '../../mechanism/prepare-target.ts'
import type { JsonObject } from '../../model/json.ts'
import { aliasesOf, changeAliases } from '../index-aliases.ts'
import { runHook } from '../snapshot-journey/run-hook.ts'
import { sameCluster } from './cluster-identity.ts'
import type { MigrationContext } from './migration-context.ts'
import { type AliasesByIndex, type AliasMove, type SideName, sidesOf } from './migration-record.ts'

/** What leads to the indexes of a stream's source is to lead to those of its target. Noted, not done. */
export async function noteAliases(context: MigrationContext, units: readonly CopyUnit[]): Promise<void> {
  const { clusters, journal } = context
  const { from, to } = sidesOf(journal.record.stream)
  const isOneCluster = await sameCluster(clusters.source, clusters.target)
  const before: Record<SideName, Record<string, Record<string, JsonObject>>> = { source: {}, target: {} }
  const after: Record<SideName, Record<string, Record<string, JsonObject>>> = { source: {}, target: {} }
  for (const { sourceIndex, targetIndex } of units) {
    const [old, fresh] = [await aliasesOf(clusters[from], sourceIndex), await aliasesOf(clusters[to], targetIndex)]
    before[from][sourceIndex] = old
    before[to][targetIndex] = fresh
    after[from][sourceIndex] = isOneCluster ? {} : mapValues(old, (each) => readOnly(clusters[from], each))
    after[to][targetIndex] = { ...fresh, ...mapValues(old, (each) => writable(clusters[to], each)) }
  }
  journal.update({ aliases: { before, after } })
}

/** Where its version knows no such alias, it stays as it is, and takes writes as the index does. */
const readOnly = ({ capabilities }: Cluster, alias: JsonObject): JsonObject =>
  capabilities.writeIndexAliases ? { ...alias, is_write_index: false } : alias

/** An alias that was for reading only by a switch of ours takes writes where it leads then. */
function writable({ capabilities }: Cluster, { is_write_index: isWriteIndex, ...others }: JsonObject): JsonObject {
  return isWriteIndex === true && capabilities.writeIndexAliases ? { ...others, is_write_index: true } : others
}

const mapValues = <Value, Result>(of: Readonly<Record<string, Value>>, change: (value: Value) => Result) =>
  Object.fromEntries(Object.entries(of).map(([name, value]) => [name, change(value)]))

/** Twice is the same as once. */
export async function moveAliases(
  { clusters, journal }: Pick<MigrationContext, 'clusters' | 'journal'>,
  direction: keyof AliasMove,
  signal?: AbortSignal,
): Promise<void> {
  const move = journal.record.aliases
  if (!move) return
  const wanted = move[direction]
  const source = await actionsOf(clusters.source, wanted.source, direction)
  const target = await actionsOf(clusters.target, wanted.target, direction)
  if (await sameCluster(clusters.source, clusters.target)) {
    await changeAliases(clusters.target, [...source, ...target], signal)
  } else {
    await changeAliases(clusters.target, target, signal)
    await changeAliases(clusters.source, source, signal)
  }
}

/** What leads from how it is to how it is wanted. */
async function actionsOf(cluster: Cluster, wanted: AliasesByIndex, direction: keyof AliasMove): Promise<JsonObject[]> {
  const actions: JsonObject[] = []
  for (const [index, aliases] of Object.entries(wanted)) {
    // On the way back, an index that is gone can be given none, and must not keep the others from theirs.
    if (direction === 'before' && !(await indexExists(cluster, index))) continue
    const there = await aliasesOf(cluster, index)
    for (const alias of Object.keys(there)) if (!(alias in aliases)) actions.push({ remove: { index, alias } })
    for (const [alias, properties] of Object.entries(aliases)) actions.push({ add: { index, alias, ...properties } })
  }
  return actions
}

/** Longer than this nobody should wait while writes are stopped; the time limit of the switch usually ends it before. */
const hookMsMax = 5 * 60_000

/** `back`: a switch that was begun is given up, and traffic stays where it was. */
export async function callHook(context: MigrationContext, what: 'switch' | 'back', signal: AbortSignal): Promise<void> {
  const { settings, folder, journal, clusters, id, streams } = context
  const { switchHook: hook } = settings
  if (hook === undefined) return
  const { attempt, stream } = journal.record
  if (attempt && !attempt.isHookCalled) journal.update({ attempt: { ...attempt, isHookCalled: true } })
  const { from, to } = sidesOf(stream)
  const [old, fresh] = what === 'switch' ? [from, to] : [to, from]
  const isUrl = /^https?:\/\//i.test(hook)
  await runHook({
    hook: {
      phase: 'switch',
      when: 'after',
      command: isUrl ? undefined : ['/bin/sh', '-c', hook],
      url: isUrl ? hook : undefined,
      headers: {},
      timeLimitMs: hookMsMax,
    },
    facts: {
      migration: id,
      event: what === 'back' ? 'back' : attempt?.kind === 'reverse' ? 'reverse' : 'cut-over',
      from: { side: old, cluster: clusters[old].name },
      to: { side: fresh, cluster: clusters[fresh].name },
      indexes: streams.unitsOf(stream).map(({ sourceIndex, targetIndex }) => ({
        [from]: sourceIndex,
        [to]: targetIndex,
      })),
      aliases: Object.keys(Object.assign({}, ...Object.values(journal.record.aliases?.before[from] ?? {}))),
    },
    folder,
    signal,
  })
}
