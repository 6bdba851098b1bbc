// Sweeps against a real server: one that somebody waits for, one that is given up for it, and one during which a primary moves.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../../test/documents/fill-index.ts'
import { startInterferingProxy } from '../../test/faults/interfering-proxy.ts'
import { missingJava, useServer } from '../../test/servers/servers.ts'
import { openCluster } from '../cluster/open-cluster.ts'
import { SweepsFile } from '../engine/catalog-sweeps.ts'
import { monotonicMs } from '../foundation/clock.ts'
import { isErrorOf } from '../foundation/errors.ts'
import { openSweepChanges } from './sweep-changes.ts'

const server = 'elasticsearch-5.6.16'
const index = 'sweep-changes'

test('a sweep that somebody waits for', { skip: missingJava(server) ?? false, timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'indexferry-sweep-changes-'))
  await using direct = await openTestCluster('source', server)
  let isStuck = false
  let stuck = 0
  let hasMoved = false
  await using proxy = await startInterferingProxy((await useServer(server)).url, [
    async (request, next) => {
      // So long that only giving it up ends the sweep.
      if (isStuck && request.path.includes('scroll=')) {
        stuck++
        await sleep(60_000, undefined, { ref: false })
      }
      const answer = await next(request)
      if (!hasMoved || !request.path.includes('routing_table')) return answer
      hasMoved = false
      return { ...answer, body: Buffer.from(answer.body.toString().replaceAll('"node":"', '"node":"other-')) }
    },
  ])
  await using cluster = await openCluster('source', {
    nodes: [proxy.url],
    authentication: { kind: 'none' },
    tls: {},
  })
  try {
    await createTestIndex(direct, index)
    const write = (...ids: string[]) =>
      bulkDocuments(
        direct,
        index,
        ids.map((id) => ({ id, source: '{"n":1}' })),
      )
    await write('a', 'b')
    using file = new SweepsFile(folder, 'c-1', () => false)
    let wantedMs: number | undefined
    await using changes = await openSweepChanges({
      selection: { cluster, index, documentBytesMax: 1_000_000, readers: 1 },
      notes: file.ofUnit(index),
      intervalMs: 3_600_000,
      trustsVersions: false,
      pass: (work) => work(),
      wantedUpToMs: () => wantedMs,
    })
    const { signal } = new AbortController()
    const until = async (fromMs: number) => {
      for (;;) {
        const mark = await changes.look(signal)
        if ((mark.upToMs ?? 0) > fromMs) return mark
        await sleep(20)
      }
    }
    const highestOf = async (fromMs: number) => (await until(fromMs)).shards[0]?.highest
    assert.equal(await highestOf(Number.NEGATIVE_INFINITY), 1, 'two documents have numbers')
    assert.ok((changes.sweepFigures?.everyMs ?? 0) >= 3_600_000)
    await write('c')
    // Nobody waits, and the next sweep is far away.
    await changes.look(signal)
    await sleep(50)
    assert.equal((await changes.look(signal)).shards[0]?.highest, 1)
    isStuck = true
    wantedMs = monotonicMs()
    while (stuck === 0) {
      await changes.look(signal)
      await sleep(20)
    }
    isStuck = false
    await write('d')
    wantedMs = monotonicMs()
    assert.equal(await highestOf(wantedMs), 3, 'the sweep that stuck was given up, and nothing counts as gone')
    await direct.json({ method: 'DELETE', path: `/${index}/doc/a` })
    hasMoved = true
    wantedMs = monotonicMs()
    await assert.rejects(until(wantedMs), (error) => isErrorOf(error, 'SHARD_FAILED'))
    assert.equal((await changes.look(signal)).shards[0]?.highest, 3, 'what such a sweep did not see is not gone')
    assert.equal(await highestOf(wantedMs), 4, 'the delete has a number')
    assert.deepEqual([...(await changes.listLive(0, [{ from: 0, to: 5 }], signal))], [1, 2, 3])
  } finally {
    await deleteTestIndex(direct, index)
    await rm(folder, { recursive: true })
  }
})
