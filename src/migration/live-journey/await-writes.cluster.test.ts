// A write that was let in before the block was put is done, and seen, when the wait for it ends.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestIndex, deleteTestIndex, openTestCluster, testType } from '../../../test/documents/fill-index.ts'
import type { ServerName } from '../../../test/servers/catalogue.ts'
import { missingJava } from '../../../test/servers/servers.ts'
import { indexPath } from '../../cluster/paths.ts'
import { writeSettings } from '../../target/relaxed-settings.ts'
import { untilWritesEnded } from './await-writes.ts'

/** By tasks; and, in the first, by what the pools of the nodes have done. */
const servers: readonly ServerName[] = ['elasticsearch-1.7.6', 'elasticsearch-2.4.6', 'elasticsearch-5.6.16']
const index = 'await-writes'
const documents = 10_000

for (const name of servers) {
  test(name, { skip: missingJava(name) ?? false, timeout: 120_000 }, async () => {
    await using cluster = await openTestCluster('source', name)
    await createTestIndex(cluster, index, { shards: 2 })
    const lines = Array.from(
      { length: documents },
      (_, n) => `{"index":{"_id":"${n}"}}\n{"text":"${'word '.repeat(40)}${n}"}\n`,
    )
    const count = async () => {
      await cluster.json({ method: 'POST', path: indexPath(index, '_refresh') })
      const { body } = await cluster.json<{ count: number }>({ method: 'GET', path: indexPath(index, '_count') })
      return body.count
    }
    try {
      const writing = cluster.json<{ items: readonly Record<string, { status: number }>[] }>({
        method: 'POST',
        path: indexPath(index, `${testType(cluster)}/_bulk`),
        contentType: 'ndjson',
        body: Buffer.from(lines.join('')),
      })
      // Some of it is there: it was let in.
      while ((await count()) === 0);
      assert.ok(await writeSettings(cluster, index, { 'blocks.write': 'true' }), 'every node knows it')
      await untilWritesEnded(cluster, [index], new AbortController().signal)
      const seen = await count()
      const { body } = await writing
      const taken = body.items.filter((item) => (Object.values(item)[0]?.status ?? 500) < 300).length
      assert.equal(seen, taken, 'all that was acknowledged was there when the wait ended')
      assert.ok(taken > 0)
    } finally {
      await deleteTestIndex(cluster, index)
    }
  })
}
