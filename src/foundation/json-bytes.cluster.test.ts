// What servers store of JSON that is looser than the standard comes back as it was, and goes through `_bulk` on one line unchanged.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  bulkDocuments,
  createTestIndex,
  deleteTestIndex,
  openTestCluster,
  putDocuments,
  testType,
} from '../../test/documents/fill-index.ts'
import { missingJava } from '../../test/servers/servers.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { skipValue, toOneLine } from './json-bytes.ts'

const sources: Readonly<Record<string, string>> = {
  pretty: '{\n  "a" : 1,\r\n  "b" : [\n 1.0 ]\n}',
  blockComment: '{/* c\n"{ */"a":1e400}',
  lineComment: '{// c "{\n"a":1}',
  lineCommentWithReturn: '{// c\r"a":1}',
  severalComments: '{"a"// c\n:/**/1/*\n*/,// d\r\n"b"\n:"// no comment \\n"//\n}',
}

for (const name of [
  'elasticsearch-1.7.6',
  'elasticsearch-7.10.2',
  'elasticsearch-9.1.0',
  'opensearch-2.19.4',
] as const) {
  describe(name, { skip: missingJava(name) ?? false }, () => {
    let cluster: Cluster
    before(async () => {
      cluster = await openTestCluster('source', name)
      await createTestIndex(cluster, 'json-bytes-put')
      await createTestIndex(cluster, 'json-bytes-bulk')
    })
    after(async () => {
      await deleteTestIndex(cluster, 'json-bytes-put')
      await deleteTestIndex(cluster, 'json-bytes-bulk')
      await cluster[Symbol.asyncDispose]()
    })

    const readSource = async (index: string, id: string) => {
      const { body } = await cluster.bytes({ method: 'GET', path: `/${index}/${testType(cluster)}/${id}` })
      const start = body.indexOf('"_source":') + '"_source":'.length
      return body.toString('utf8', start, skipValue(body, start))
    }

    test('stored with line breaks and comments, the same on one line', async () => {
      const documents = Object.entries(sources).map(([id, source]) => ({ id, source }))
      await putDocuments(cluster, 'json-bytes-put', documents)
      const lines = documents.map(({ id, source }) => ({ id, source: toOneLine(Buffer.from(source)).toString() }))
      await bulkDocuments(cluster, 'json-bytes-bulk', lines)
      for (const { id, source } of documents) assert.equal(await readSource('json-bytes-put', id), source)
      for (const { id, source } of lines) assert.equal(await readSource('json-bytes-bulk', id), source)
    })
  })
}
