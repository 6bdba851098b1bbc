// What is to be restored and as what, from options, files and the bodies of older documents.
import { IndexferryError } from '../../foundation/errors.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import type { Rename } from './select-indexes.ts'
import { correctedBody, flagOf, listOf } from './snapshot-wish.ts'

export interface RestoreWish {
  /** Comma-separated names, patterns and exclusions; undefined: every index of the snapshot. */
  readonly indices?: string | undefined
  readonly rename?: Rename | undefined
  /** Win over those in the snapshot. */
  readonly indexSettings?: JsonObject | undefined
  /** Those in the snapshot that are left behind. */
  readonly ignoreIndexSettings?: readonly string[] | undefined
  /** Default false, as the servers have it. */
  readonly includeGlobalState?: boolean | undefined
  /** Default true. */
  readonly includeAliases?: boolean | undefined
  /** Restore a snapshot that lacks shards; those begin empty. */
  readonly partial?: boolean | undefined
  readonly featureStates?: readonly string[] | undefined
}

const known = new Set([
  'indices',
  'rename_pattern',
  'rename_replacement',
  'index_settings',
  'ignore_index_settings',
  'include_global_state',
  'include_aliases',
  'partial',
  'feature_states',
  'ignore_unavailable',
])

export function restoreWishOfBody(given: JsonObject, note: (text: string) => void): RestoreWish {
  const body = correctedBody(given, note)
  const unknown = Object.keys(body).find((name) => !known.has(name))
  if (unknown !== undefined) {
    throw new IndexferryError('USAGE', `the body of a restore has the unknown part "${unknown}"`, {
      remedy: `It knows ${[...known].join(', ')}.`,
    })
  }
  const { rename_pattern: pattern, rename_replacement: replacement, index_settings: settings } = body
  const ignored = listOf(body.ignore_index_settings)
  return {
    indices: listOf(body.indices),
    rename: renameOf(listOf(pattern), listOf(replacement)),
    ...(isJsonObject(settings) ? { indexSettings: settings } : {}),
    ...(ignored === undefined ? {} : { ignoreIndexSettings: ignored.split(',') }),
    includeGlobalState: flagOf(body.include_global_state),
    includeAliases: flagOf(body.include_aliases),
    partial: flagOf(body.partial),
    ...(Array.isArray(body.feature_states) ? { featureStates: body.feature_states.map(String) } : {}),
  }
}

export function renameOf(pattern: string | undefined, replacement: string | undefined): Rename | undefined {
  if (pattern === undefined && replacement === undefined) return undefined
  if (pattern === undefined || replacement === undefined) {
    throw new IndexferryError('USAGE', 'a rename needs its pattern and its replacement', {
      remedy: 'Write it as in --rename-pattern "(.+)" --rename-replacement "restored-\\$1".',
    })
  }
  return { pattern, replacement }
}

/** Names of the indexes as they are in the snapshot. */
export function bodyOfRestore(wish: RestoreWish, names: readonly string[], hasFeatureStates: boolean): JsonObject {
  const { rename, indexSettings, ignoreIndexSettings, partial, featureStates } = wish
  return {
    indices: names.join(','),
    include_global_state: wish.includeGlobalState ?? false,
    include_aliases: wish.includeAliases ?? true,
    ...(rename ? { rename_pattern: rename.pattern, rename_replacement: rename.replacement } : {}),
    ...(indexSettings ? { index_settings: indexSettings } : {}),
    ...(ignoreIndexSettings?.length ? { ignore_index_settings: ignoreIndexSettings.join(',') } : {}),
    ...(partial ? { partial: true } : {}),
    ...(featureStates && hasFeatureStates ? { feature_states: featureStates } : {}),
  }
}
