// What an assessment says. These types are the shape of `indexferry assess --json`.
import { asIndexferryError } from '../../foundation/errors.ts'
import type { DefinitionChange } from '../../transform/definition-plan.ts'

/** `ok` fits; a `note` is worth knowing; a `warning` works, but differently or not for long; an `error` makes a copy fail. */
export type Severity = 'ok' | 'note' | 'warning' | 'error'

/** What was looked at. */
export type Check =
  | 'version'
  | 'plan'
  | 'reading'
  | 'documents'
  | 'definition'
  | 'target'
  | 'aliases'
  | 'blocks'
  | 'health'
  | 'following'
  | 'settings'
  | 'space'
  | 'shards'
  | 'privileges'
  | 'certificate'
  | 'clock'

export interface Finding {
  /** The index of the source; not set in findings about a whole side. */
  readonly index?: string
  readonly check: Check
  readonly severity: Severity
  /** One clause without a full stop. */
  readonly message: string
  /** What to do; every error has one. */
  readonly remedy?: string
}

/** The worst of its findings; notes count as `ok`. */
export type Verdict = 'ok' | 'warning' | 'error'

export interface AssessedSide {
  /** URL without credentials, or the file. */
  readonly name: string
  /** `OpenSearch 2.19.4`; null for a file. */
  readonly version: string | null
}

/** One row for each source index and the target index that its documents go to; several where mapping types are split. */
export interface AssessedIndex {
  readonly source: string
  /** The mapping type whose documents these are, where an index is split by type. */
  readonly type?: string
  /** Null when it could not be settled. */
  readonly target: string | null
  /** Live documents that would be copied; null when they could not be counted. */
  readonly documents: number | null
  /** Bytes of the primary shards of the source, as far as these documents fill them, or of the file; null when not visible. */
  readonly bytes: number | null
  /** Average size of a document's JSON over a small sample; null without one. */
  readonly documentBytes: number | null
  readonly readBy: 'sequence' | 'scroll' | 'pointInTime' | 'file' | null
  readonly verdict: Verdict
  readonly findings: readonly Finding[]
  /** How the definition is rewritten for the target. */
  readonly changes: readonly DefinitionChange[]
}

/** A guess: what a copy really takes is measured by copying. */
export interface Estimate {
  readonly documents: number
  /** Bytes of primary shards in the source. */
  readonly bytes: number
  /** Bytes of documents as JSON, from the samples; null when nothing could be sampled. */
  readonly documentBytes: number | null
  readonly seconds: number | null
  /** What the guess rests on. */
  readonly basis: string
}

export interface Assessment {
  readonly source: AssessedSide
  readonly target: AssessedSide
  /** The worst first. */
  readonly indexes: readonly AssessedIndex[]
  /** Findings about a side as a whole; the worst first. */
  readonly findings: readonly Finding[]
  readonly estimate: Estimate | null
  /** `error`: a copy would fail. */
  readonly verdict: Verdict
}

export function finding(check: Check, severity: Severity, message: string, remedy?: string): Finding {
  return { check, severity, message, ...(remedy === undefined ? {} : { remedy }) }
}

/** An error that a copy would end with. */
export function findingOf(check: Check, error: unknown, severity: Severity = 'error'): Finding {
  const { message, remedy } = asIndexferryError(error)
  return finding(check, severity, message, remedy)
}

const ranks: Readonly<Record<Severity, number>> = { error: 0, warning: 1, note: 2, ok: 3 }

/** The worst first, else in the order in which they were found. */
export const worstFirst = (findings: readonly Finding[]): Finding[] =>
  [...findings].sort((a, b) => ranks[a.severity] - ranks[b.severity])

export function verdictOf(severities: Iterable<Severity>): Verdict {
  const all = new Set(severities)
  return all.has('error') ? 'error' : all.has('warning') ? 'warning' : 'ok'
}

export const verdictRank = (verdict: Verdict): number => ranks[verdict]
