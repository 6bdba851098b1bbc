// How the changes of an index are seen: by sequence numbers where the source has them, else by the log of a gateway that records all writes, else by
// sweeps.
import type { Cluster } from '../cluster/cluster.ts'
import type { CopyUnit } from '../mechanism/copy-unit.ts'
import { Gate } from '../mechanism/gate.ts'
import { type ReadingOptions, selectionOf } from '../mechanism/open-unit.ts'
import type { ChangeSource } from '../source/change-source.ts'
import { openCommittedChanges } from '../source/committed-changes.ts'
import { type IndexSettings, readIndexSettings } from '../source/index-settings.ts'
import { chooseWay } from '../source/open-search-source.ts'
import { sourceOptions } from '../source/options.ts'
import { openRecordedChanges } from '../source/recorded-changes.ts'
import { findRecordedLog } from '../source/recorded-log.ts'
import type { RecordedNotes } from '../source/recorded-notes.ts'
import { openSequenceChanges } from '../source/sequence-changes.ts'
import { openSweepChanges, type SweepChangesOptions } from '../source/sweep-changes.ts'

/** Sweeps at the same time, of all that this process follows. */
export const sweepsMax = 2

const sweepGate = new Gate(sweepsMax)

export interface SweepWishes extends Pick<SweepChangesOptions, 'intervalMs' | 'trustsVersions' | 'wantedUpToMs'> {
  readonly notes: (unit: string) => RecordedNotes
  /** Between two sweeps of an index whose writes a gateway records; default as of the option. */
  readonly fullIntervalMs?: number | undefined
}

export interface OpenChangesOptions {
  readonly cluster: Cluster
  readonly unit: CopyUnit
  readonly reading: ReadingOptions
  /** How indexes without sequence numbers are followed; not at all where it is not given. */
  readonly sweeps: SweepWishes | undefined
  /** Whether only ids and numbers are wanted. Sweeps read documents all the same: they compare by what those hold. */
  readonly isShadow?: boolean | undefined
  /** Told what a user should know. */
  readonly note?: ((text: string) => void) | undefined
}

/** Throws USAGE when the index can be followed in no way. */
export async function openChanges({
  cluster,
  unit,
  reading,
  sweeps,
  isShadow,
  note,
}: OpenChangesOptions): Promise<ChangeSource> {
  const way = await wayToFollow(cluster, unit.sourceIndex)
  if (way === 'sweep' && sweeps) {
    const { intervalMs, trustsVersions, wantedUpToMs, notes } = sweeps
    const { fullIntervalMs = sourceOptions.fullSweepInterval.default } = sweeps
    const selection = selectionOf(cluster, unit, reading)
    const pass: SweepChangesOptions['pass'] = (work, signal) => sweepGate.pass(work, signal)
    const sweeping = { selection, notes: notes(unit.name), intervalMs, trustsVersions, wantedUpToMs, pass }
    const log = await findRecordedLog(cluster, unit.sourceIndex)
    if (!log) return openSweepChanges(sweeping)
    const onAround = (documents: number) => note?.(aroundText(unit.name, documents))
    return openRecordedChanges({ ...sweeping, log, fullIntervalMs, onAround })
  }
  const selection = selectionOf(cluster, unit, isShadow ? { ...reading, fields: [] } : reading)
  return cluster.capabilities.durableCheckpoints ? openSequenceChanges(selection) : openCommittedChanges(selection)
}

/** `sequence` also where no way serves; opening it tells why. */
export const wayToFollow = async (cluster: Cluster, index: string): Promise<ChangeSource['kind']> =>
  isSwept(cluster, await readIndexSettings(cluster, index)) ? 'sweep' : 'sequence'

const isSwept = ({ capabilities }: Cluster, settings: IndexSettings): boolean =>
  capabilities.scroll && typeof chooseWay(capabilities, settings, 'sequence') === 'string'

/** A reason why an index cannot be followed, also one that is not there yet; undefined when it can. */
export function whyUnfollowable(cluster: Cluster): string | undefined {
  const { sequenceNumbers, scroll } = cluster.capabilities
  return sequenceNumbers || scroll ? undefined : `${cluster.name} has neither sequence numbers nor scrolls`
}

const aroundText = (unit: string, documents: number): string =>
  `${unit}: a sweep has found ${documents} documents that were changed and are not in the gateway's log; somebody writes around the gateway, and such changes are seen only by sweeps`
