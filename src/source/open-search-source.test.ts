// Which way of reading is chosen, for every kind of cluster and index.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { capabilitiesOf, type Edition } from '../cluster/capabilities.ts'
import { parseClusterVersion } from '../model/cluster-version.ts'
import { decodeIndexSettings } from './index-settings.ts'
import { chooseWay, type WayToRead } from './open-search-source.ts'

const settings = decodeIndexSettings({ number_of_shards: '3', version: { created: '7100299' } })

function choose(version: string, edition: Edition = 'full', index = settings, wanted?: WayToRead) {
  return chooseWay(capabilitiesOf(parseClusterVersion(version)!, edition), index, wanted)
}

describe('the way an index is read', () => {
  for (const [version, edition, way, reason] of [
    ['elasticsearch-1.7.6', 'full', 'scroll', /before Elasticsearch 6\.7/],
    ['elasticsearch-6.6.2', 'full', 'scroll', /before Elasticsearch 6\.7/],
    ['elasticsearch-6.8.23', 'full', 'sequence', /no context/],
    ['elasticsearch-9.1.0', 'full', 'sequence', /no context/],
    ['opensearch-1.3.14', 'full', 'sequence', /no context/],
    ['elasticsearch-9.1.0', 'elasticsearch-serverless', 'scroll', /names no shards/],
    ['opensearch-2.17.0', 'opensearch-serverless', 'pointInTime', /names no shards/],
  ] as const) {
    it(`is ${way} for ${version} (${edition})`, () => {
      const chosen = choose(version, edition)
      assert.ok(typeof chosen === 'object')
      assert.equal(chosen.way, way)
      assert.match(chosen.reason, reason)
    })
  }

  it('is scroll where sequence numbers are disabled, or the index is older than they are', () => {
    const disabled = decodeIndexSettings({ disable_sequence_numbers: 'true' })
    assert.deepEqual(choose('elasticsearch-9.1.0', 'full', disabled), {
      way: 'scroll',
      reason: 'by scroll: index.disable_sequence_numbers is set',
    })
    const older = decodeIndexSettings({ version: { created: '5061699' } })
    assert.match((choose('elasticsearch-6.8.23', 'full', older) as { reason: string }).reason, /created before 6\.0/)
  })

  it('is the wanted one where that serves, and says why not where it does not', () => {
    for (const way of ['sequence', 'scroll', 'pointInTime'] as const) {
      assert.equal((choose('opensearch-2.19.4', 'full', settings, way) as { way: string }).way, way)
    }
    assert.match(String(choose('elasticsearch-5.6.16', 'full', settings, 'sequence')), /before Elasticsearch 6\.7/)
    assert.match(String(choose('elasticsearch-7.10.2', 'oss', settings, 'pointInTime')), /no points in time/)
    assert.match(String(choose('opensearch-2.17.0', 'opensearch-serverless', settings, 'scroll')), /no scroll/)
  })
})

describe('the settings that decide it', () => {
  it('tell how ids are divided among the shards', () => {
    const routingShards = (raw: Parameters<typeof decodeIndexSettings>[0]) => decodeIndexSettings(raw).routingShards
    const [before, since] = [{ created: '6082399' }, { created: '7000099' }]
    assert.equal(routingShards({ number_of_shards: '5', version: before }), 5)
    assert.equal(routingShards({ number_of_shards: '5', version: since }), 640)
    assert.equal(routingShards({ number_of_shards: '800', version: since }), 1600)
    assert.equal(routingShards({ number_of_shards: '2', number_of_routing_shards: '30', version: before }), 30)
    assert.equal(routingShards({ number_of_shards: '2', resize: { source: { name: 'a' } }, version: since }), undefined)
  })

  it('have the defaults of the servers', () => {
    assert.deepEqual(decodeIndexSettings({}), {
      shards: 1,
      resultWindow: 10_000,
      sequenceNumbers: 'kept',
      isTranslogAsync: false,
      routingPartition: 1,
      routingShards: 1024,
      replicasLag: false,
    })
  })

  it('are read from their texts', () => {
    const read = decodeIndexSettings({
      replication: { type: 'SEGMENT' },
      number_of_shards: '12',
      max_result_window: '500',
      disable_sequence_numbers: 'false',
      version: { created: '136408127' },
    })
    assert.deepEqual(read, {
      shards: 12,
      resultWindow: 500,
      sequenceNumbers: 'kept',
      isTranslogAsync: false,
      routingPartition: 1,
      routingShards: 768,
      replicasLag: true,
    })
  })
})
