// Which parts of a snapshot are restored, and as what: indexes, and data streams with the indexes behind them.
import type { Cluster } from '../../cluster/cluster.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { listDataStreams } from '../../source/data-streams.ts'
import { fitsPattern, parseIndexExpression, reachesHidden } from '../../source/index-expression.ts'
import { subjectOf } from './explain-refusal.ts'
import type { RestoreWish } from './restore-wish.ts'
import { renamed, selectIndexes } from './select-indexes.ts'
import type { SnapshotFacts } from './snapshot-facts.ts'

export interface ChosenParts {
  readonly indexes: readonly { readonly from: string; readonly name: string }[]
  /** Restored whole. */
  readonly streams: readonly { readonly from: string; readonly name: string }[]
  /** What a cluster is asked for: streams stand for the indexes behind them. */
  readonly asked: readonly string[]
}

/** A stream goes by its own name. An index behind one is an index like others only where it is named by itself. Throws INDEX_MISSING. */
export function chooseParts(cluster: Cluster, facts: SnapshotFacts, { indices, rename }: RestoreWish): ChosenParts {
  const { indexes, dataStreams, name } = facts
  const selected = new Set(selectIndexes(indices, [...indexes, ...dataStreams], `the snapshot ${name}`, 'target'))
  const streams = dataStreams.filter((stream) => selected.has(stream))
  const isOf = (list: readonly string[], index: string) => list.some((stream) => isBacking(index, stream))
  const chosen = indexes.filter(
    (index) =>
      isOf(streams, index) || (selected.has(index) && (!isOf(dataStreams, index) || isNamedItself(indices, index))),
  )
  if (chosen.length === 0 && facts.state !== 'FAILED') throw holdsNone(cluster, facts)
  return {
    // Servers rename what follows the mark of a backing index.
    indexes: chosen.map((from) => ({
      from,
      name: isOf(streams, from) ? `.ds-${renamed(from.slice(4), rename)}` : renamed(from, rename),
    })),
    streams: streams.map((from) => ({ from, name: renamed(from, rename) })),
    asked: [...chosen.filter((index) => !isOf(streams, index)), ...streams],
  }
}

const isBacking = (name: string, stream: string): boolean =>
  name.startsWith(`.ds-${stream}-`) && /^(\d{4}\.\d\d\.\d\d-)?\d{6}$/.test(name.slice(stream.length + 5))

const isNamedItself = (indices: string | undefined, index: string): boolean =>
  parseIndexExpression(indices || '*').some(
    ({ kind, text }) => kind !== 'exclusion' && reachesHidden(text) && fitsPattern(index, text),
  )

function holdsNone(cluster: Cluster, { name, indexes, dataStreams }: SnapshotFacts): IndexferryError {
  const held = [...dataStreams, ...indexes]
  return new IndexferryError('INDEX_MISSING', `the snapshot ${name} holds none of the indexes that are asked for`, {
    side: cluster.side,
    remedy: `It holds ${held.slice(0, 10).join(', ') || 'no indexes'}${held.length > 10 ? ', …' : ''}.`,
  })
}

/**
 * Over a stream that is there nothing can be restored: its write index would have to be closed, which Elasticsearch 7.10 and OpenSearch
 * refuse ("Cannot close the following data stream write indices"). Throws RESTORE_REFUSED.
 */
export async function checkStreams(cluster: Cluster, streams: ChosenParts['streams']): Promise<void> {
  if (streams.length === 0) return
  const refuse = (sentence: string, remedy: string, name: string): never => {
    throw new IndexferryError('RESTORE_REFUSED', `${subjectOf(cluster)} ${sentence}`, {
      side: cluster.side,
      remedy,
      fields: { dataStream: name },
    })
  }
  const [first] = streams
  if (first && !cluster.capabilities.dataStreams) {
    refuse(
      `has no data streams, and the snapshot holds ${first.from}`,
      'Copy it from the live source, indexferry copy SOURCE TARGET, and leave it out with --exclude.',
      first.from,
    )
  }
  const there = new Set((await listDataStreams(cluster)).map(({ name }) => name))
  const held = streams.find(({ name }) => there.has(name))
  if (!held) return
  refuse(
    `has a data stream ${held.name}, over which nothing can be restored: its write index cannot be closed`,
    'Restore beside it with --rename-pattern and --rename-replacement, or delete it there first.',
    held.name,
  )
}
