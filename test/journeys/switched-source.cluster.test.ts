// A migration whose source is named by the address of a gateway that its own switch hook switches: the wrong side is never opened.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { indexPath } from '../../src/cluster/paths.ts'
import { MigrationCatalog } from '../../src/engine/catalog-migrations.ts'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../documents/fill-index.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { eventually, Indexferry } from './indexferry.ts'
import { Served } from './serving.ts'

const [sourceName, targetName] = ['opensearch-2.19.4', 'opensearch-3.8.0'] as const
const index = 'switched-source'

/** A command, of which nobody knows whom it calls. */
const hookProgram = (gateway: string) => `
const chunks = []
for await (const chunk of process.stdin) chunks.push(chunk)
const facts = Buffer.concat(chunks).toString()
const { status } = await fetch('${gateway}/_indexferry/cluster/_switch', { method: 'POST', headers: { 'content-type': 'application/json' }, body: facts })
process.exit(status === 200 ? 0 : 1)
`

test('a source that becomes the target by the switch', {
  skip: missingJava(sourceName) ?? missingJava(targetName) ?? false,
  timeout: 300_000,
}, async () => {
  await using source = await openTestCluster('source', sourceName)
  await using target = await openTestCluster('target', targetName)
  await using indexferry = await Indexferry.install()
  await deleteTestIndex(target, index)
  await createTestIndex(source, index)
  await bulkDocuments(source, index, [{ id: 'a', source: '{"n":1}' }])
  const urls = [(await useServer(sourceName)).url, (await useServer(targetName)).url] as const
  const config = await indexferry.write(
    'indexferry.yaml',
    `cluster: ${urls[0]}\nstandby: ${urls[1]}\nlisten: 127.0.0.1:0\nstate: ./gateway\n`,
  )
  await using gateway = await Served.start(indexferry, ['--config', config], { env: { INDEXFERRY_STATE: '' } })
  const words = ['migrate', `${gateway.url}/${index}`, urls[1], '--verify-every', '0s']
  const address = `${gateway.url}/_indexferry/cluster/_switch`
  await indexferry.fails([...words, '--switch-hook', address], { code: 'USAGE', exit: 2 })

  await indexferry.write('hook.mjs', hookProgram(gateway.url))
  const running = indexferry.start([...words, '--switch-hook', `'${process.execPath}' hook.mjs`, '--progress', 'none'])
  try {
    const { id } = await eventually('following', async () => {
      const [found] = MigrationCatalog.listOf(indexferry.state)
      return found?.record.state === 'following' ? found : undefined
    })
    await indexferry.fails(['cut-over', id, '--force'], { code: 'MIGRATION_CHANGED', exit: 2 })
    assert.equal((await gateway.ok('GET', '_indexferry/cluster')).active, 'cluster', 'traffic was led back')
    const accepts = async (cluster: typeof source) => {
      const { status } = await cluster.json({
        method: 'PUT',
        path: indexPath(index, '_doc/probe'),
        body: { n: 2 },
        accept: [400, 403, 500],
      })
      return status < 300
    }
    assert.deepEqual([await accepts(source), await accepts(target)], [true, false])
    assert.equal((await indexferry.json<{ state: string }>(['abort', id])).state, 'aborted')
    assert.equal((await running.ended).code, 0)
    assert.deepEqual([await accepts(source), await accepts(target)], [true, true])
  } finally {
    running.child.kill('SIGKILL')
    for (const cluster of [source, target]) await deleteTestIndex(cluster, index)
  }
})
