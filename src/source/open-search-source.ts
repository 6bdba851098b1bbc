// Chooses how an index of a cluster is read.
import type { Capabilities } from '../cluster/capabilities.ts'
import { IndexferryError } from '../foundation/errors.ts'
import { formatVersion } from '../model/cluster-version.ts'
import { type IndexSettings, readIndexSettings } from './index-settings.ts'
import { PointInTimeSource } from './point-in-time-source.ts'
import { ScrollSource } from './scroll-source.ts'
import type { SearchSelection } from './selection.ts'
import { SequenceSource } from './sequence-source.ts'
import { ShownCopies } from './shown-copies.ts'
import type { DocumentSource } from './source.ts'

export type WayToRead = 'sequence' | 'scroll' | 'pointInTime'

export interface ChosenWay {
  readonly way: WayToRead
  /** Why, as a clause for people: what is given up and for what reason. */
  readonly reason: string
}

/** A page of so many hits is large enough, whatever an index allows: the server sorts and holds them at once. */
const windowLimit = 100_000

/** Throws USAGE when the wanted way does not serve, or when none does. */
export async function openSearchSource(
  selection: SearchSelection,
  wanted?: WayToRead,
): Promise<DocumentSource & ChosenWay> {
  const { cluster, index } = selection
  const settings = await readIndexSettings(cluster, index)
  const chosen = chooseWay(cluster.capabilities, settings, wanted)
  if (typeof chosen === 'string') {
    const sentence = `${cluster.name} (${formatVersion(cluster.version)}): index ${index} cannot be read${wanted ? ` by ${wanted}` : ''}: ${chosen}`
    throw new IndexferryError('USAGE', sentence, { side: cluster.side, fields: { index } })
  }
  return Object.assign(openWay(chosen.way, ofShownCopies(selection, settings), pageLimit(settings)), chosen)
}

/** The same documents, from copies that show all of them. */
export function ofShownCopies(selection: SearchSelection, { replicasLag }: IndexSettings): SearchSelection {
  const { cluster, index, copies } = selection
  // Who names no shards cannot choose between their copies.
  if (copies || !cluster.capabilities.clusterCalls) return selection
  return { ...selection, copies: new ShownCopies({ cluster, index, replicasLag }) }
}

/** The same for whoever has not read the settings. Several indexes, by names with commas, are read from any copy. */
export async function shownSelection(selection: SearchSelection): Promise<SearchSelection> {
  const { cluster, index } = selection
  if (!cluster.capabilities.clusterCalls || index.includes(',')) return selection
  return ofShownCopies(selection, await readIndexSettings(cluster, index))
}

/** Hits that a page may hold at most. */
export const pageLimit = ({ resultWindow }: IndexSettings): number => Math.max(1, Math.min(windowLimit, resultWindow))

function openWay(way: WayToRead, selection: SearchSelection, windowMax: number): DocumentSource {
  if (way === 'sequence') return new SequenceSource(selection, windowMax)
  if (way === 'scroll') return new ScrollSource(selection, { windowMax })
  return new PointInTimeSource(selection, windowMax)
}

/** The first way that serves, or the wanted one; else a clause that says why not. */
export function chooseWay(can: Capabilities, settings: IndexSettings, wanted?: WayToRead): ChosenWay | string {
  const noSequence = whyNoSequence(can, settings)
  if (wanted === 'sequence' || (!wanted && !noSequence)) {
    return (
      noSequence ?? { way: 'sequence', reason: 'by ranges of sequence numbers, which need no context on the server' }
    )
  }
  const because = noSequence ? `: ${noSequence}` : ', as was asked for'
  if (wanted !== 'pointInTime' && can.scroll) return { way: 'scroll', reason: `by scroll${because}` }
  if (wanted === 'scroll') return 'this cluster has no scroll'
  if (can.pointInTime === 'none') return 'this cluster has no points in time'
  return { way: 'pointInTime', reason: `by points in time${because}` }
}

function whyNoSequence(can: Capabilities, { sequenceNumbers }: IndexSettings): string | undefined {
  if (!can.clusterCalls) return 'this cluster names no shards and no checkpoints'
  if (!can.sequenceNumbers) return 'sequence numbers cannot be searched before Elasticsearch 6.7'
  if (sequenceNumbers === 'older')
    return 'the index was created before 6.0, and its older documents have no sequence numbers'
  if (sequenceNumbers === 'disabled') return 'index.disable_sequence_numbers is set'
  return undefined
}
