// What a snapshot is to hold, from options, files and the bodies of older documents.
import { createHash } from 'node:crypto'
import { IndexferryError } from '../../foundation/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts'
import { fitsPattern, parseIndexExpression } from '../../source/index-expression.ts'

export interface SnapshotWish {
  /** Comma-separated names, patterns and exclusions; undefined: everything. */
  readonly indices?: string | undefined
  /** Default true, as the servers have it. */
  readonly includeGlobalState?: boolean | undefined
  /** Go on although primary shards are missing. */
  readonly partial?: boolean | undefined
  readonly ignoreUnavailable?: boolean | undefined
  readonly featureStates?: readonly string[] | undefined
  readonly metadata?: JsonObject | undefined
}

/**
 * A body as it stands in a file or a document. The first of the documents writes `indexes`, which every version ignores without a
 * word, and so takes or restores everything there is: it is corrected, and said.
 */
export function correctedBody(body: JsonObject, note: (text: string) => void): JsonObject {
  if (!('indexes' in body)) return body
  const { indexes, ...others } = body
  if ('indices' in body) {
    throw new IndexferryError('USAGE', 'the body has both "indices" and "indexes"', { remedy: 'Leave "indexes" out.' })
  }
  note('"indexes" is read as "indices": servers ignore the first, and would take every index')
  return { indices: indexes as JsonValue, ...others }
}

const known = new Set([
  'indices',
  'include_global_state',
  'partial',
  'ignore_unavailable',
  'feature_states',
  'metadata',
])

export function wishOfBody(given: JsonObject, note: (text: string) => void): SnapshotWish {
  const body = correctedBody(given, note)
  const unknown = Object.keys(body).find((name) => !known.has(name))
  if (unknown !== undefined) {
    throw new IndexferryError('USAGE', `the body of a snapshot has the unknown part "${unknown}"`, {
      remedy: `It knows ${[...known].join(', ')}.`,
    })
  }
  return {
    indices: listOf(body.indices),
    includeGlobalState: flagOf(body.include_global_state),
    partial: flagOf(body.partial),
    ignoreUnavailable: flagOf(body.ignore_unavailable),
    ...(Array.isArray(body.feature_states) ? { featureStates: body.feature_states.map(String) } : {}),
    ...(isJsonObject(body.metadata) ? { metadata: body.metadata } : {}),
  }
}

export const listOf = (value: JsonValue | undefined): string | undefined =>
  Array.isArray(value) ? value.join(',') : typeof value === 'string' ? value : undefined

export const flagOf = (value: JsonValue | undefined): boolean | undefined =>
  value === undefined || value === null ? undefined : String(value) === 'true'

/** Exclusions behind everything they may exclude from. */
export function withExclusions(indices: string | undefined, exclude: readonly string[]): string | undefined {
  if (exclude.length === 0) return indices
  return [indices ?? '*', ...exclude.map((name) => `-${name}`)].join(',')
}

/** The name under which the wish stands in the snapshot's metadata, where the version has them. */
const metadataKey = 'indexferry'

const wishDigest = (wish: SnapshotWish): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        wish.indices ?? '*',
        wish.includeGlobalState ?? true,
        wish.featureStates ?? [],
        wish.metadata ?? {},
      ]),
    )
    .digest('hex')
    .slice(0, 16)

export interface WishAbilities {
  readonly snapshotMetadata: boolean
  readonly featureStates: boolean
}

export function bodyOfWish(wish: SnapshotWish, abilities: WishAbilities, note: (text: string) => void): JsonObject {
  const body: JsonObject = { include_global_state: wish.includeGlobalState ?? true }
  if (wish.indices !== undefined) body.indices = wish.indices
  if (wish.partial) body.partial = true
  if (wish.ignoreUnavailable) body.ignore_unavailable = true
  if (wish.featureStates && abilities.featureStates) body.feature_states = wish.featureStates
  else if (wish.featureStates) note('this version has no feature states: they are left out')
  if (abilities.snapshotMetadata) body.metadata = { ...wish.metadata, [metadataKey]: wishDigest(wish) }
  else if (wish.metadata) note('this version keeps no metadata with snapshots: they are left out')
  return body
}

/** What is known of a snapshot's content, whether it is finished or still being taken. */
export interface SnapshotContent {
  readonly indexes: readonly string[]
  readonly includesGlobalState: boolean | null
  readonly metadata?: JsonObject | null
}

/** Whether a snapshot that is there holds what is asked for; undefined when only the cluster can tell (aliases, date math). */
export function fitsWish(facts: SnapshotContent, wish: SnapshotWish): boolean | undefined {
  const digest = facts.metadata?.[metadataKey]
  if (typeof digest === 'string') return digest === wishDigest(wish)
  if (facts.includesGlobalState !== null && facts.includesGlobalState !== (wish.includeGlobalState ?? true))
    return false
  if (wish.indices === undefined) return true
  const parts = parseIndexExpression(wish.indices)
  const isWanted = (name: string) => {
    let wanted = parts[0]?.kind === 'exclusion'
    for (const { kind, text } of parts) if (fitsPattern(name, text)) wanted = kind !== 'exclusion'
    return wanted
  }
  const excluded = parts.filter(({ kind }) => kind === 'exclusion')
  const names = parts.filter(
    ({ kind, text }) => kind === 'name' && !excluded.some((each) => fitsPattern(text, each.text)),
  )
  if (facts.indexes.every(isWanted) && names.every(({ text }) => facts.indexes.includes(text))) return true
  return undefined
}
