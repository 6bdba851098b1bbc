// Following: whatever clients do on the source, and however often the follower is killed, the target ends with the same documents.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { indexPath } from '../../src/cluster/paths.ts'
import { bulkDocuments, createTestIndex, refreshTestIndex } from '../documents/fill-index.ts'
import { type Fault, startInterferingProxy } from '../faults/interfering-proxy.ts'
import { seededChance } from '../faults/seeded-chance.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { compareIndexes } from './copy-index.ts'
import { after, caughtUp, deletesWithinMs, document, kill, mapping, pause, statusOf, withPair } from './follow-pair.ts'
import { startWriters } from './follow-writers.ts'
import { eventually } from './indexferry.ts'

const names = {
  old: ['elasticsearch-7.10.2', 'opensearch-2.19.4'],
  new: ['opensearch-2.19.4', 'opensearch-3.8.0'],
} as const
const skipOld = missingJava(names.old[0]) ?? missingJava(names.old[1]) ?? false
const skipNew = missingJava(names.new[0]) ?? missingJava(names.new[1]) ?? false

test('writers of all kinds, and a follower that is killed while it copies and while it follows', {
  skip: skipOld,
}, async (context) => {
  const seed = Number(process.env.FOLLOW_SEED ?? Date.now() % 1_000_000)
  context.diagnostic(`seed ${seed}`)
  const chance = seededChance(seed)
  await withPair(names.old, 'follow-random', 4_000, async (pair) => {
    const { source, target, index, indexferry, words } = pair
    const writers = startWriters({ source, index, chance, ids: 4_500, pauseMs: 15 })
    let kills = 0
    try {
      // At this rate the first copy takes longer than the first two runs.
      for (const rate of ['1500', '1500', 'none', 'none']) {
        const running = indexferry.start([...words, '--rate', rate, '--quiet'])
        await after(700 + chance() * 1_500)
        await kill(running)
        kills++
      }
      const running = indexferry.start([...words, '--quiet'])
      await eventually('following', async () => (statusOf(indexferry)?.writesUpTo ? true : undefined))
      await after(1_500)
      await writers.stop()
      context.diagnostic(`${writers.operations} operations, ${kills} kills`)
      const took = await caughtUp(pair, running)
      assert.ok(took < deletesWithinMs, `deletes were carried within ${deletesWithinMs} ms: ${took}`)
      await pause(running)
    } finally {
      await writers.stop()
    }
    await compareIndexes(source, target, index)
    const { verdict } = await indexferry.verify(words.slice(1))
    assert.equal(verdict, 'equal')
    const { body } = await target.json<Record<string, { settings: { index: { gc_deletes?: string } } }>>({
      method: 'GET',
      path: indexPath(index, '_settings'),
    })
    assert.equal(body[index]?.settings.index.gc_deletes, undefined, 'the setting is as it was')
  })
})

test('deletes of while it was paused, and the end of an index', {
  skip: skipNew,
}, async () => {
  await withPair(names.new, 'follow-paused', 9_000, async (pair) => {
    const { source, target, index, indexferry, words } = pair
    let running = indexferry.start([...words, '--quiet'])
    await caughtUp(pair, running)
    await pause(running)
    // All of one block of numbers, some of others, one that comes back, one that is written with the same id again and again.
    await source.json({
      method: 'POST',
      path: indexPath(index, '_delete_by_query'),
      query: { refresh: true },
      body: { query: { range: { at: { lt: 5_000 } } } },
    })
    await bulkDocuments(source, index, [document(17), document(8_000), document(8_000)])
    await source.json({ method: 'DELETE', path: indexPath(index, '_doc/d-8001') })
    for (const call of ['_flush', '_forcemerge?max_num_segments=1', '_close', '_open']) {
      const [path, query] = call.split('?')
      await source.json({
        method: 'POST',
        path: indexPath(index, path),
        query: Object.fromEntries(new URLSearchParams(query)),
      })
    }
    running = indexferry.start([...words, '--quiet'])
    await caughtUp(pair, running)
    await compareIndexes(source, target, index)
    const oneMore = Date.now()
    await source.json({ method: 'DELETE', path: indexPath(index, '_doc/d-8002') })
    await eventually('the delete', async () => {
      await refreshTestIndex(target, index)
      const { status } = await target.json({ method: 'GET', path: indexPath(index, '_doc/d-8002'), accept: [404] })
      return status === 404 ? true : undefined
    })
    assert.ok(Date.now() - oneMore < deletesWithinMs, 'one delete is found in time')
    await source.json({ method: 'DELETE', path: indexPath(index) })
    await createTestIndex(source, index, { shards: 3, mapping })
    const { code, stderr } = await running.ended
    assert.equal(code, 6, stderr)
    assert.match(stderr, /SOURCE_MADE_ANEW|INDEX_MISSING|SHARD_FAILED/)
    await indexferry.fails(words, { code: 'SOURCE_MADE_ANEW', exit: 6 })
    await refreshTestIndex(target, index)
    const { body } = await target.json<{ count: number }>({ method: 'GET', path: indexPath(index, '_count') })
    assert.ok(body.count > 3_000, 'the target keeps what it had')
  })
})

test('what a killed follower had sent and not noted is deleted, too', { skip: skipOld, timeout: 90_000 }, async () => {
  await withPair(names.old, 'follow-unnoted', 400, async (pair) => {
    const { source, target, index, indexferry, words } = pair
    let kill: (() => void) | undefined = () => {}
    // The target takes the first batch, and the follower dies before it hears of that.
    const fault: Fault = async (request, next) => {
      const answer = await next(request)
      if (!kill || !request.path.includes('/_bulk')) return answer
      kill()
      throw new Error('the sender is gone')
    }
    await using proxy = await startInterferingProxy((await useServer(names.old[1])).url, [fault])
    const proxied = [...words.slice(0, 2), proxy.url]
    const first = indexferry.start([...proxied, '--quiet'])
    kill = () => first.child.kill('SIGKILL')
    assert.equal((await first.ended).code, null, 'the first run was killed')
    kill = undefined
    await refreshTestIndex(target, index)
    const { body } = await target.json<{ count: number }>({ method: 'GET', path: indexPath(index, '_count') })
    assert.ok(body.count > 0, 'the target holds what was sent')
    await source.json({
      method: 'POST',
      path: indexPath(index, '_delete_by_query'),
      query: { refresh: true },
      body: { query: { range: { at: { lt: 390 } } } },
    })
    const second = indexferry.start([...proxied, '--quiet'])
    await caughtUp(pair, second)
    await pause(second)
    await compareIndexes(source, target, index)
  })
})

test('an index that was restored over itself is not followed on', { skip: skipOld, timeout: 90_000 }, async () => {
  await withPair(names.old, 'follow-restored', 20, async (pair) => {
    const { source, index, indexferry, words } = pair
    const running = indexferry.start([...words, '--quiet'])
    await caughtUp(pair, running)
    await pause(running)
    const repository = '/_snapshot/follow-restored'
    const settings = { location: join((await useServer(names.old[0])).repositoryFolder, index) }
    await source.json({ method: 'PUT', path: repository, body: { type: 'fs', settings } })
    const query = { wait_for_completion: true }
    await source.json({ method: 'PUT', path: `${repository}/one`, query, body: { indices: index } })
    await source.json({ method: 'POST', path: indexPath(index, '_close') })
    // The index keeps its UUID; only the histories of its shards are new.
    await source.json({ method: 'POST', path: `${repository}/one/_restore`, query, body: { indices: index } })
    const { error } = await indexferry.fails(words, { code: 'SOURCE_MADE_ANEW', exit: 6 })
    assert.match(error.message, /another history/)
    for (const path of [`${repository}/one`, repository]) await source.json({ method: 'DELETE', path })
  })
})
