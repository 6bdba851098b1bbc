// What a verification says of itself while it runs.

export type VerificationPhase = 'scanning' | 'locating' | 'rechecking' | 'repairing'

export interface SideProgress {
  /** Documents and bytes of `_source` read in this phase, before any transform's effect on their number. */
  documents: number
  bytes: number
  /** Documents that the side was said to hold; undefined when that is not known in advance. */
  readonly documentsExpected: number | undefined
}

export interface VerificationProgress {
  readonly phase: VerificationPhase
  readonly source: Readonly<SideProgress>
  readonly target: Readonly<SideProgress>
}

export type SideName = 'source' | 'target'
export const sideNames: readonly SideName[] = ['source', 'target']
