// Settings of a follower that differ from the leader's.
import { IndexferryError, isErrorOf } from '../../foundation/errors.ts'
import type { JsonObject, JsonValue } from '../../model/json.ts'
import { copiesWaitedFor } from '../../target/relaxed-settings.ts'
import { flattenSettings } from '../../transform/setting-paths.ts'

/** What no call may set: it is decided by the leader, belongs to this one index, or would change documents (`final-pipeline.ts`). */
const fixed =
  /^(number_of_shards|number_of_routing_shards|final_pipeline|version\b.*|uuid|creation_date|provided_name|routing\.allocation\.initial_recovery\b.*)$/

/** For how many copies a write waits is not the leader's to say, as with the plugin. */
export const ownOfEachSide: Readonly<Record<string, JsonValue>> = { [copiesWaitedFor]: null }

/** Flat and without `index.`. Throws SETTING_WRONG for what can never differ. */
export function overridesOf(settings: JsonObject): Record<string, JsonValue> {
  const flat = Object.fromEntries(flattenSettings(unwrapped(settings)))
  for (const name of Object.keys(flat)) {
    if (fixed.test(name)) {
      throw new IndexferryError('SETTING_WRONG', `setting [index.${name}] cannot differ between leader and follower`)
    }
  }
  return flat
}

/** `{"index": {…}}` and `{"settings": {…}}` are taken as well as the settings themselves. */
function unwrapped(settings: JsonObject): JsonObject {
  const names = Object.keys(settings)
  const inner = settings.settings
  if (names.length === 1 && typeof inner === 'object' && inner !== null && !Array.isArray(inner))
    return inner as JsonObject
  return settings
}

/** What the cluster says of a setting that it does not take is told as it says it. */
export function settingRefusal(error: unknown, overrides: Readonly<Record<string, JsonValue>>): unknown {
  if (!isErrorOf(error, 'DEFINITION_REFUSED', 'REQUEST_REFUSED')) return error
  const names = Object.keys(overrides)
  if (!names.some((name) => error.message.includes(name))) return error
  const [, said = error.message] =
    /((?:unknown setting|[Ff]ailed to parse|[Cc]an't update|[Cc]annot|final ).*)$/s.exec(error.message) ?? []
  return new IndexferryError('SETTING_WRONG', said, { side: 'target', cause: error })
}
