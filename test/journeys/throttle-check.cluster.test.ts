// A copy that waits for the user's own check: `status` names it, and `throttle` takes it away.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import type { Cluster } from '../../src/cluster/cluster.ts'
import type { CopyRecord } from '../../src/engine/catalog-records.ts'
import type { CopyResult } from '../../src/engine/start-copy.ts'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../documents/fill-index.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { eventually, Indexferry, type Running } from './indexferry.ts'

const name = 'opensearch-2.19.4'
const index = 'throttle-check'

describe('a check of the user', { skip: missingJava(name) ?? false }, () => {
  let indexferry: Indexferry
  let cluster: Cluster
  let source: string
  let check: Server
  let address: string
  let status = 503
  let asked: IncomingMessage | undefined

  before(async () => {
    indexferry = await Indexferry.install()
    cluster = await openTestCluster('source', name)
    source = `${(await useServer(name)).url}/${index}`
    await deleteTestIndex(cluster, index)
    await createTestIndex(cluster, index, { shards: 1 })
    await bulkDocuments(
      cluster,
      index,
      Array.from({ length: 20 }, (_, n) => ({ id: `${n}`, source: `{"n":${n}}` })),
    )
    check = createServer((request, response) => {
      asked = request
      response.writeHead(status).end('no')
    }).listen(0, '127.0.0.1')
    await once(check, 'listening')
    address = `http://127.0.0.1:${(check.address() as AddressInfo).port}`
  })
  after(async () => {
    check.close()
    await deleteTestIndex(cluster, index)
    await cluster[Symbol.asyncDispose]()
    await indexferry[Symbol.asyncDispose]()
  })

  const start = (file: string, more: readonly string[]): Running =>
    indexferry.start(['copy', source, indexferry.path(file), '--json', '--progress', 'none', ...more], {
      env: { INDEXFERRY_THROTTLE_CHECK_HEADER: 'Authorization: Bearer may-i-4711' },
    })

  /** The copy that runs, when it is held by what `reason` tells. */
  const heldBy = (reason: RegExp): Promise<CopyRecord> =>
    eventually('being held', async () =>
      (await indexferry.json<CopyRecord[]>(['status'])).find(
        ({ isRunning, limitedBy }) => isRunning && reason.test(limitedBy ?? ''),
      ),
    )

  async function completes({ ended }: Running): Promise<void> {
    const { code, stdout, stderr } = await ended
    assert.equal(code, 0, stderr)
    assert.equal((JSON.parse(stdout) as CopyResult).counts.written, 20)
  }

  it('holds a copy until it says yes', async () => {
    status = 503
    const copy = start('held.ndjson', ['--throttle-check', `${address}/may-copy`, '--throttle-check-every', '500ms'])
    const { id, counts } = await heldBy(/^the check at 127\.0\.0\.1:\d+ answers 503$/)
    assert.equal(counts.written, 0)
    assert.equal(asked?.url, '/may-copy')
    assert.equal(asked?.headers.authorization, 'Bearer may-i-4711')
    const { stdout } = await indexferry.run(['status', id])
    assert.match(
      stdout,
      /limits: the check http:\S+\/may-copy\n {2}limited by the check at 127\.0\.0\.1:\d+ answers 503/,
    )
    status = 200
    await completes(copy)
    assert.ok(!(await indexferry.stateText()).includes('may-i-4711'), 'the header is not kept')
  })

  it('holds a copy when it is not there, until the user asks it no more', async () => {
    const copy = start('absent.ndjson', ['--throttle-check', 'http://127.0.0.1:1/'])
    const { id } = await heldBy(/^the check at 127\.0\.0\.1:1 cannot be asked: /)
    await indexferry.json(['throttle', id, '--throttle-check', 'none'])
    await completes(copy)
  })

  it('holds no copy when it is not there and that is to mean yes', async () => {
    const more = ['--throttle-check', 'http://127.0.0.1:1/', '--throttle-check-failure', 'go-on']
    await completes(start('despite.ndjson', more))
  })

  it('is refused with secrets in its address, which are not shown', async () => {
    for (const secret of ['http://me:geheim1@ops/', 'https://ops/may?token=geheim1']) {
      const { ended } = await indexferry.fails(
        ['copy', source, indexferry.path('refused.ndjson'), '--throttle-check', secret],
        { code: 'USAGE', exit: 2 },
      )
      assert.ok(!ended.stderr.includes('geheim1') && !ended.stdout.includes('geheim1'), ended.stderr)
    }
  })
})
