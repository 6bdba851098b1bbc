// A source whose security hides documents from the credentials that are used.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../documents/fill-index.ts'
import { changeSecurity } from '../documents/security-plugin.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { Indexferry } from './indexferry.ts'

const name = 'opensearch-2.19.4-secure'
const index = 'filtered-source'
const user = { name: 'filtered-reader', password: 'Sees-0nly-0ne!-31' }
const role = {
  cluster_permissions: ['cluster_composite_ops', 'cluster_monitor'],
  index_permissions: [
    { index_patterns: [index], dls: '{"term":{"n":1}}', allowed_actions: ['indices_all'] },
    { index_patterns: ['*'], allowed_actions: ['indices:admin/data_stream/get'] },
  ],
}

test('hidden documents: a copy says so, following is refused', {
  skip: missingJava(name) ?? false,
}, async (context) => {
  const { url, caFile } = await useServer(name)
  if (caFile === undefined) return context.skip('its CA file is not known here')
  await using cluster = await openTestCluster('source', name)
  await using indexferry = await Indexferry.install()
  const words = ['--source-ca', caFile, '--source-user', user.name]
  const options = { env: { INDEXFERRY_SOURCE_PASSWORD: user.password } }
  try {
    await createTestIndex(cluster, index)
    await bulkDocuments(
      cluster,
      index,
      [1, 2, 3].map((n) => ({ id: `${n}`, source: `{"n":${n}}` })),
    )
    await changeSecurity(cluster, 'PUT', `internalusers/${user.name}`, { password: user.password })
    await changeSecurity(cluster, 'PUT', `roles/${user.name}`, role)
    await changeSecurity(cluster, 'PUT', `rolesmapping/${user.name}`, { users: [user.name] })
    const copied = await indexferry.run(['copy', `${url}/${index}`, indexferry.path('seen.ndjson'), ...words], options)
    assert.equal(copied.code, 0, copied.stderr)
    assert.match(copied.stderr, /hides documents or fields of filtered-source .*: only what they see is copied/)
    const target = (await useServer('opensearch-2.19.4')).url
    const following = ['follow', `${url}/${index}`, target, ...words]
    const { error } = await indexferry.fails(following, { code: 'SOURCE_FILTERED', exit: 6 }, options)
    assert.match(error.message, /hides documents/)
    await using plain = await openTestCluster('target', 'opensearch-2.19.4')
    assert.equal((await plain.bytes({ method: 'HEAD', path: `/${index}`, accept: [404] })).status, 404)
  } finally {
    await deleteTestIndex(cluster, index)
    for (const kind of ['rolesmapping', 'roles', 'internalusers'])
      await changeSecurity(cluster, 'DELETE', `${kind}/${user.name}`)
  }
})
