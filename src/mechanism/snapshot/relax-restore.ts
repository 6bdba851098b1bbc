// What replicas and refresh are to be after a restore that went without them.
import { IndexferryError } from '../../foundation/errors.ts'
import { readDefinition } from '../../source/read-definition.ts'
import { type SavedSettings, savedSettingsOf } from '../../target/relaxed-settings.ts'
import type { CheckRestoreRequest, RestorePlan } from './check-restore.ts'
import { flatSettings } from './repository-settings.ts'

/** A snapshot does not tell its settings: the live source does, and what the user sets himself wins. */
export async function readFinalSettings(
  { source, wish }: CheckRestoreRequest,
  { targets }: RestorePlan,
): Promise<Record<string, SavedSettings>> {
  if (!source) {
    throw new IndexferryError('USAGE', '--relax needs to know what replicas and refresh are to be in the end', {
      remedy: 'Name the cluster that the snapshot is of with --live URL, or leave --relax out.',
    })
  }
  const given = flatSettings(wish.indexSettings ?? {})
  const settings: Record<string, SavedSettings> = {}
  for (const { from, name } of targets) {
    const definition = await readDefinition(source, from)
    const saved = savedSettingsOf(definition.settings, { keepRefresh: false, keepReplicas: false })
    for (const key of Object.keys(saved)) saved[key] = given[`index.${key}`] ?? given[key] ?? saved[key] ?? null
    settings[name] = saved
  }
  return settings
}
