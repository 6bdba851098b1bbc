// What a verification can be told, and what it does when it is not.
import type { DefinitionDifference } from './compare-definitions.ts'
import type { Comparison } from './document-digest.ts'
import type { LocateOptions } from './locate-differences.ts'
import type { RecheckOptions } from './recheck-differences.ts'
import type { RepairActions } from './repair.ts'
import type { ComparedSides, ScanOptions } from './scan-buckets.ts'
import type { VerificationPhase, VerificationProgress } from './verification-progress.ts'

export interface VerificationOptions {
  readonly signal: AbortSignal
  /** `auto`: by content where a transform is applied, else by bytes. */
  readonly compare?: 'auto' | Comparison
  /** Default `ignore`. `compare` where both sides have mapping types of the same names. */
  readonly types?: 'compare' | 'ignore'
  /** Share of the documents whose content is compared; the ids of all are. Default 1. */
  readonly sampleShare?: number
  /** Partitions read at once on each side. Default 2. */
  readonly readers?: number
  readonly batchBytes?: number
  /** Pause before documents that differ are looked at again. */
  readonly recheckAfterMs?: number
  /** How often they are looked at again at most. Default 3 with a pause, else 1. */
  readonly recheckRounds?: number
  /** Differences that are listed, of each class. Default 1000. */
  readonly differencesMax?: number
  /** Differences that are looked at again by id; more are only counted. Default 200 000. */
  readonly recheckMax?: number
  /** How often both sides may be read in order to find the documents of buckets that differ. Default 4. */
  readonly locateScansMax?: number
  /** For the table of identities while locating. Default 64 MiB. */
  readonly memoryBytes?: number
  /** Ids of documents that the copy reported as rejected by the target: a class of their own, and not repaired. */
  readonly knownRejected?: ReadonlySet<string>
  readonly definitionDifferences?: readonly DefinitionDifference[]
  /** Where the first scan is kept, so that the same verification started again goes on with it. */
  readonly stateFolder?: string
  readonly saveEveryMs?: number
  /** Whatever else tells this comparison from another (the query, the transform): a saved scan of another one is not used. */
  readonly fingerprint?: string
  readonly repair?: RepairActions
  readonly onProgress?: (progress: VerificationProgress) => void
}

/** Bytes of one row of the identity table, with its slots and an id of usual length. */
const rowBytes = 96

/** The options of all passes, complete. */
export type VerificationSettings = LocateOptions & ScanOptions & RecheckOptions

export function settleOptions(sides: ComparedSides, options: VerificationOptions): VerificationSettings {
  const { compare = 'auto', memoryBytes = 64 * 1024 ** 2, recheckAfterMs = 0 } = options
  const byDefault: Comparison = isTransformed(sides) ? 'content' : 'bytes'
  return {
    signal: options.signal,
    readers: options.readers ?? 2,
    batchBytes: options.batchBytes ?? 2 * 1024 ** 2,
    digest: {
      comparison: compare === 'auto' ? byDefault : compare,
      types: options.types ?? 'ignore',
      sampleShare: options.sampleShare ?? 1,
    },
    stateFolder: options.stateFolder,
    saveEveryMs: options.saveEveryMs ?? 15_000,
    tableLimits: {
      rowsMax: Math.max(1000, Math.floor(memoryBytes / rowBytes)),
      identityBytesMax: Math.max(1024 ** 2, memoryBytes),
    },
    scansMax: options.locateScansMax ?? 4,
    candidatesMax: options.recheckMax ?? 200_000,
    knownRejected: options.knownRejected ?? new Set(),
    recheckAfterMs,
    roundsMax: options.recheckRounds ?? (recheckAfterMs > 0 ? 3 : 1),
    onProgress: () => {},
  }
}

export const isTransformed = ({ source, target }: ComparedSides): boolean =>
  [source, target].some(({ transform }) => transform !== undefined && transform.changes !== 'none')

/** The settings of one pass, with its name in what it reports. */
export const during = (
  phase: VerificationPhase,
  settings: VerificationSettings,
  { onProgress }: VerificationOptions,
): VerificationSettings =>
  onProgress ? { ...settings, onProgress: (sides) => onProgress({ phase, ...sides }) } : settings
