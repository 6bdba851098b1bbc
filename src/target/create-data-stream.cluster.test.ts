// A data stream is created, found again with its backing indexes in order, and refused where there are none.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServerName } from '../../test/servers/catalogue.ts'
import { missingJava, useServer } from '../../test/servers/servers.ts'
import { openCluster } from '../cluster/open-cluster.ts'
import type { IndexDefinition } from '../model/index-definition.ts'
import type { JsonObject } from '../model/json.ts'
import { createDataStream } from './create-data-stream.ts'

const name = `stream-${process.pid}`
const definition: IndexDefinition = {
  name,
  types: [],
  mappings: { properties: { when: { type: 'date' }, '@timestamp': { type: 'date' }, k: { type: 'keyword' } } },
  settings: { number_of_shards: '1', number_of_replicas: '0', hidden: 'true' },
  aliases: {},
}

for (const server of ['opensearch-1.3.14', 'opensearch-3.8.0'] as const satisfies ServerName[]) {
  test(`data stream on ${server}`, { skip: missingJava(server) ?? false, timeout: 300_000 }, async () => {
    await using cluster = await openCluster('target', { nodes: [(await useServer(server)).url] })
    try {
      const { template } = await createDataStream(cluster, name, definition, 'when')
      assert.equal(template, `indexferry-${name}`)
      await createDataStream(cluster, name, definition, 'when')
      await cluster.json({ method: 'POST', path: `/${name}/_rollover` })
      const { body } = await cluster.json<{ data_streams: JsonObject[] }>({
        method: 'GET',
        path: `/_data_stream/${name}`,
      })
      assert.deepEqual(body.data_streams[0]?.timestamp_field, { name: 'when' })
      assert.equal((body.data_streams[0]?.indices as unknown[]).length, 2)
    } finally {
      await cluster.json({ method: 'DELETE', path: `/_data_stream/${name}`, accept: [404] })
      await cluster.json({ method: 'DELETE', path: `/_index_template/indexferry-${name}`, accept: [404] })
    }
  })
}

for (const server of ['elasticsearch-6.8.23', 'elasticsearch-7.10.2'] as const satisfies ServerName[]) {
  test(`no data stream on ${server}`, { skip: missingJava(server) ?? false, timeout: 300_000 }, async () => {
    await using cluster = await openCluster('target', { nodes: [(await useServer(server)).url] })
    await assert.rejects(createDataStream(cluster, name, definition), {
      code: 'DEFINITION_UNSUPPORTED',
      message: /no data streams/,
    })
    await cluster.json({ method: 'DELETE', path: `/_index_template/indexferry-${name}`, accept: [400, 404, 405] })
  })
}
