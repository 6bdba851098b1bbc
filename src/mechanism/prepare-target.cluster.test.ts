// Settings that cannot stand beside relaxed ones: for how many copies a write waits, while there is only one.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deleteTestIndex, openTestCluster } from '../../test/documents/fill-index.ts'
import { missingJava } from '../../test/servers/servers.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import type { JsonObject } from '../model/json.ts'
import type { SavedSettings } from '../target/relaxed-settings.ts'
import type { CopyUnit } from './copy-unit.ts'
import { createRelaxed, relaxExisting, restoreTarget } from './prepare-target.ts'

const name = 'opensearch-2.19.4'
const index = 'prepare-waiting'
const relax = { keepRefresh: false, keepReplicas: false }

describe('an index whose writes wait for copies', { skip: missingJava(name) ?? false }, () => {
  const noted: { saved: JsonObject | undefined } = { saved: undefined }
  const journal = {
    recordSavedSettings: (_: string, settings: JsonObject) => {
      noted.saved = settings
    },
    recordSettingsRestored: () => {},
  }
  const settings = { number_of_shards: '1', number_of_replicas: '1', write: { wait_for_active_shards: '2' } }
  const unit = {
    name: index,
    targetIndex: index,
    definition: { name: index, types: [], mappings: {}, settings, aliases: {} },
  } as unknown as CopyUnit

  async function settingsOf(cluster: Cluster): Promise<unknown[]> {
    const { body } = await cluster.json<Record<string, { settings: Record<string, string> }>>({
      method: 'GET',
      path: indexPath(index, '_settings'),
      query: { flat_settings: true },
    })
    const now = body[index]?.settings
    return [now?.['index.number_of_replicas'], now?.['index.write.wait_for_active_shards']]
  }

  it('is made, relaxed and restored', async () => {
    await using cluster = await openTestCluster('target', name)
    await deleteTestIndex(cluster, index)
    try {
      await createRelaxed(cluster, unit, relax, journal)
      assert.deepEqual(await settingsOf(cluster), ['0', undefined])
      await restoreTarget(cluster, unit, noted.saved as SavedSettings, journal)
      assert.deepEqual(await settingsOf(cluster), ['1', '2'])
      await relaxExisting(cluster, unit, relax, journal)
      assert.deepEqual(await settingsOf(cluster), ['0', undefined])
      await restoreTarget(cluster, unit, noted.saved as SavedSettings, journal)
      assert.deepEqual(await settingsOf(cluster), ['1', '2'])
    } finally {
      await deleteTestIndex(cluster, index)
    }
  })

  it('is refused when it could never be written to', async () => {
    await using cluster = await openTestCluster('target', name)
    const impossible = { ...settings, write: { wait_for_active_shards: '3' } }
    const wrong = { ...unit, definition: { ...unit.definition, settings: impossible } } as CopyUnit
    await assert.rejects(createRelaxed(cluster, wrong, relax, journal), /wait_for_active_shards/)
  })
})
