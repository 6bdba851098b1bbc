// What a `_reindex` call of ours can do that the servers cannot, or not from a remote: go on after a stop or a crash, slices, and sources that
// are written to, old ones and faulty ones.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../../../test/documents/fill-index.ts'
import { contentOf, documentsOf, reindex, requestOf, type Sides } from '../../../test/documents/reindex-calls.ts'
import { ReindexMemoryJournal } from '../../../test/documents/reindex-memory-journal.ts'
import { startFaultProxy } from '../../../test/faults/fault-proxy.ts'
import { isBulk, startInterferingProxy } from '../../../test/faults/interfering-proxy.ts'
import { seededChance } from '../../../test/faults/seeded-chance.ts'
import { missingJava, useServer } from '../../../test/servers/servers.ts'
import { openCluster } from '../../cluster/open-cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import type { ReindexOutcome, ReindexStatus } from '../../model/reindex.ts'
import type { ReindexRun } from './run-reindex.ts'

const source = 'rr-source'
const dest = 'rr-dest'
const many = 3_000

const openUrl = (side: 'source' | 'target', url: string) =>
  openCluster(side, { nodes: [url], authentication: { kind: 'none' }, tls: {} })

const sum = ({ created, updated, versionConflicts }: ReindexStatus) => created + updated + versionConflicts

const skip =
  missingJava('elasticsearch-7.10.2') ?? missingJava('opensearch-2.19.4') ?? missingJava('elasticsearch-1.7.6') ?? false

describe('a _reindex from a remote', { skip }, () => {
  let sides: Sides
  before(async () => {
    sides = {
      source: await openTestCluster('source', 'elasticsearch-7.10.2'),
      target: await openTestCluster('target', 'opensearch-2.19.4'),
    }
    await createTestIndex(sides.source, source, { shards: 2, mapping: { properties: { n: { type: 'long' } } } })
    await bulkDocuments(sides.source, source, documentsOf(many))
  })
  after(async () => {
    await deleteTestIndex(sides.source, source)
    await deleteTestIndex(sides.target, dest)
    await sides.source[Symbol.asyncDispose]()
    await sides.target[Symbol.asyncDispose]()
  })

  /** Stops or crashes the call again and again at random instants, and goes on with what the journal kept. */
  async function interrupted(
    request: ReturnType<typeof requestOf>,
    how: 'stop' | 'crash',
    seed: number,
    rest: Partial<ReindexRun> = {},
  ) {
    const chance = seededChance(seed)
    let journal = new ReindexMemoryJournal()
    let interruptions = 0
    for (;;) {
      const stop = new AbortController()
      let batches = 1 + Math.floor(chance() * 6)
      const current = journal
      // A crash: nothing is durable any more, and in the next moment the process is gone.
      const interrupt = () => {
        current.isCrashing = how === 'crash'
        stop.abort(new Error('interrupted'))
      }
      try {
        const onStatus = (status: ReindexStatus) => {
          if (sum(status) > 0 && --batches === 0 && interruptions < 8) interrupt()
          if (how === 'crash' && chance() < 0.5) void current.flush()
        }
        const outcome = await reindex(sides, request, { journal: current, onStatus, stop: stop.signal, ...rest })
        return { outcome, interruptions }
      } catch (error) {
        assert.equal((error as Error).message, 'interrupted')
        interruptions++
        journal = how === 'crash' ? current.afterCrash() : current
      }
    }
  }

  async function checkWhole({ status, failures }: ReindexOutcome) {
    assert.deepEqual(failures, [])
    assert.equal(status.total, many)
    const expected = await contentOf(sides.source, source)
    const actual = await contentOf(sides.target, dest)
    assert.equal(actual.size, many)
    for (const [id, content] of expected) assert.equal(actual.get(id), content)
  }

  for (const how of ['stop', 'crash'] as const) {
    it(`goes on after a ${how} with equal content and exact counts`, async () => {
      const sized = { size: 250, isSizeGiven: true }
      for (const [seed, changes] of [
        {},
        { dest: { opType: 'create' } },
        { dest: { versionType: 'external' } },
        { call: { slices: 3 } },
        { source: { sort: [{ n: 'asc' }] } },
      ].entries()) {
        await deleteTestIndex(sides.target, dest)
        const request = requestOf(source, dest, { ...changes, source: { ...sized, ...changes.source } } as never)
        const { outcome, interruptions } = await interrupted(request, how, seed, { createIndex: 'fromSource' })
        assert.ok(interruptions >= 2, `${interruptions} interruptions`)
        await checkWhole(outcome)
        const { created, updated, versionConflicts, batches } = outcome.status
        assert.deepEqual(
          { created, updated, versionConflicts },
          { created: many, updated: 0, versionConflicts: 0 },
          JSON.stringify(changes),
        )
        if (request.slices === 1) assert.equal(batches, many / 250)
        const { body } = await sides.target.json({ method: 'GET', path: indexPath(dest, '_settings') })
        assert.doesNotMatch(JSON.stringify(body), /"refresh_interval":"-1"/)
      }
    })
  }

  it('tells conflicts that were there from its own after a crash', async () => {
    await createTestIndex(sides.target, dest, { shards: 2 })
    await bulkDocuments(sides.target, dest, documentsOf(1_000))
    const request = requestOf(source, dest, {
      source: { size: 200, isSizeGiven: true },
      dest: { opType: 'create' },
      call: { conflicts: 'proceed' },
    })
    const { outcome } = await interrupted(request, 'crash', 11)
    await checkWhole(outcome)
    const { created, versionConflicts } = outcome.status
    assert.deepEqual({ created, versionConflicts }, { created: many - 1_000, versionConflicts: 1_000 })
  })

  it('goes on with a script after a crash, and leaves no staging index', async () => {
    await deleteTestIndex(sides.target, dest)
    const request = requestOf(source, dest, { call: { script: { source: 'ctx._source.m = ctx._source.n' } } })
    let journal = new ReindexMemoryJournal()
    const stop = new AbortController()
    const onStatus = () => void setTimeout(() => stop.abort(new Error('interrupted')), 150)
    await reindex(sides, request, { journal, onStatus, stop: stop.signal }).catch(() => {})
    journal = journal.afterCrash()
    const { status } = await reindex(sides, request, { journal })
    assert.equal(status.created + status.updated, many)
    assert.equal((await contentOf(sides.target, dest)).get('5'), '||{"m":5,"n":5}')
    const left = await sides.target.json({
      method: 'GET',
      path: indexPath('.indexferry-reindex-*'),
      query: { expand_wildcards: 'all' },
    })
    assert.deepEqual(left.body, {})
  })

  it('gives a script documents of one id under several routings, all of them', async () => {
    const [twins, copied] = ['rr-twins', 'rr-twins-copied']
    try {
      await createTestIndex(sides.source, twins, { shards: 5, mapping: { properties: { n: { type: 'long' } } } })
      const routings = Array.from({ length: 12 }, (_, n) => `r${n}`)
      for (const routing of routings) {
        await bulkDocuments(sides.source, twins, [{ id: 'same', routing, source: '{"n":1}' }])
      }
      await bulkDocuments(sides.source, twins, [{ id: 'same', source: '{"n":1}' }])
      await createTestIndex(sides.target, copied, { shards: 5 })
      const { body } = await sides.source.json<{ count: number }>({ method: 'POST', path: `/${twins}/_count` })
      assert.ok(body.count > 2, 'the routings lie on several shards')
      const script = { source: 'ctx._source.m = ctx._routing' }
      const { status } = await reindex(sides, requestOf(twins, copied, { call: { script } }))
      assert.equal(status.created, body.count)
      const sorted = await reindex(
        sides,
        requestOf(twins, copied, { source: { sort: ['n'] }, call: { script } }),
      ).catch((error: unknown) => error)
      assert.match(String((sorted as Error).message), /have the id of another one|could not be kept/)
    } finally {
      await deleteTestIndex(sides.source, twins)
      await deleteTestIndex(sides.target, copied)
    }
  })

  it('deals a source out to slices, and divides the most among them', async () => {
    await deleteTestIndex(sides.target, dest)
    const auto = await reindex(sides, requestOf(source, dest, { call: { slices: 'auto' } }))
    assert.equal(auto.status.slices?.length, 2)
    assert.equal(
      auto.status.slices?.reduce((all, slice) => all + (slice?.total ?? 0), 0),
      many,
    )
    await checkWhole(auto)
    const five = await reindex(sides, requestOf(source, dest, { call: { slices: 5 } }))
    assert.equal(five.status.slices?.length, 5)
    for (const slice of five.status.slices ?? []) assert.ok(slice && slice.total > 0 && slice.updated === slice.total)
    await checkWhole(five)
    const most = await reindex(sides, requestOf(source, dest, { call: { slices: 2, maxDocs: 101 } }))
    assert.deepEqual([most.status.total, most.status.updated], [100, 100])
  })

  it('joins slices that are asked for by hand', async () => {
    await deleteTestIndex(sides.target, dest)
    let created = 0
    for (const id of [0, 1, 2]) {
      const outcome = await reindex(sides, requestOf(source, dest, { source: { slice: { id, max: 3 } } }))
      assert.equal(outcome.status.total, outcome.status.created)
      created += outcome.status.created
    }
    assert.equal(created, many)
  })

  it('is throttled by batches, and let go at once by a higher rate', async () => {
    await deleteTestIndex(sides.target, dest)
    let rate = 1e-6
    const seen: ReindexStatus[] = []
    const request = requestOf(source, dest, { source: { size: 1_000, isSizeGiven: true } })
    const onStatus = (status: ReindexStatus) => {
      seen.push(status)
      if (status.throttledUntilMs > 0 && rate < 1) setTimeout(() => (rate = Number.POSITIVE_INFINITY), 300)
    }
    const { status } = await reindex(sides, request, { requestsPerSecond: () => rate, onStatus })
    assert.equal(status.created, many)
    assert.ok(status.throttledMs >= 290 && status.throttledMs < 3_000, `${status.throttledMs}`)
    const waiting = seen.find(({ throttledUntilMs }) => throttledUntilMs > 0)
    assert.deepEqual([waiting?.created, waiting?.batches, waiting?.requestsPerSecond], [1_000, 1, 1e-6])
  })

  it('ends soon when it is cancelled, with what was done', async () => {
    await deleteTestIndex(sides.target, dest)
    const cancel = new AbortController()
    const started = performance.now()
    const { status } = await reindex(sides, requestOf(source, dest, { source: { size: 100, isSizeGiven: true } }), {
      requestsPerSecond: () => 50,
      onStatus: ({ created }) => void (created > 0 && cancel.abort('by user request')),
      cancel: cancel.signal,
    })
    assert.equal(status.reasonCancelled, 'by user request')
    assert.equal(status.created, 100)
    assert.ok(performance.now() - started < 5_000)
  })

  it('misses nothing of a source that is written to meanwhile', async () => {
    const moving = 'rr-moving'
    await createTestIndex(sides.source, moving, { shards: 2 })
    await bulkDocuments(sides.source, moving, documentsOf(3_000))
    for (const opType of ['index', 'create'] as const) {
      await deleteTestIndex(sides.target, dest)
      let isRunning = true
      // Documents leave their places all the time; each that was there at the start is still there at the end.
      const writing = (async () => {
        for (let round = 0; isRunning; round++)
          await bulkDocuments(sides.source, moving, documentsOf(300, 1 + ((round * 300) % 3_000)))
      })()
      const request = requestOf(moving, dest, { source: { size: 100, isSizeGiven: true }, dest: { opType } })
      const { status, failures } = await reindex(sides, request)
      isRunning = false
      await writing
      assert.deepEqual(failures, [])
      assert.equal(status.total, sum(status))
      assert.equal((await contentOf(sides.target, dest)).size, 3_000)
    }
    await deleteTestIndex(sides.source, moving)
  })

  it('loses no document to refusals and broken connections of the destination, and counts each once', async () => {
    const { url } = await useServer('opensearch-2.19.4')
    let bulks = 0
    await using proxy = await startInterferingProxy(url, [
      async (request, next) => {
        if (!isBulk(request)) return next(request)
        const number = bulks++
        if (number % 5 === 1)
          return {
            status: 429,
            headers: {},
            body: Buffer.from('{"error":{"type":"es_rejected_execution_exception","reason":"full"},"status":429}'),
          }
        const answer = await next(request)
        // The destination has taken the documents, but nobody hears of it.
        return number % 5 === 3 ? { ...answer, cutAfter: 0 } : answer
      },
    ])
    await using target = await openUrl('target', proxy.url)
    for (const opType of ['index', 'create'] as const) {
      await deleteTestIndex(sides.target, dest)
      const request = requestOf(source, dest, { source: { size: 200, isSizeGiven: true }, dest: { opType } })
      const outcome = await reindex({ source: sides.source, target }, request)
      assert.equal(outcome.status.created, many)
      await checkWhole(outcome)
    }
  })

  it('reads on where the remote fails in passing', async () => {
    const { url } = await useServer('elasticsearch-7.10.2')
    let searches = 0
    await using proxy = await startFaultProxy(url, ({ url: path = '', method }) => {
      if (method !== 'POST' || !path.includes('_search')) return undefined
      return [3, 6].includes(searches++) ? { cutAfterBytes: 2_000 } : undefined
    })
    await using remote = await openUrl('source', proxy.url)
    for (const sort of [undefined, [{ n: 'asc' }]]) {
      await deleteTestIndex(sides.target, dest)
      searches = 0
      const request = requestOf(source, dest, { source: { size: 2_000, isSizeGiven: true, sort } })
      const outcome = await reindex({ source: remote, target: sides.target }, request)
      assert.ok(outcome.status.searchRetries > 0)
      assert.equal(outcome.status.created, many)
      await checkWhole(outcome)
    }
  })

  it('needs no right but to search, and reads through filtered aliases and patterns as the remote does', async () => {
    const { url } = await useServer('elasticsearch-7.10.2')
    await createTestIndex(sides.source, `${source}-2`, { mapping: { properties: { n: { type: 'long' } } } })
    await bulkDocuments(sides.source, `${source}-2`, documentsOf(50, many + 1))
    await sides.source.json({
      method: 'POST',
      path: '/_aliases',
      body: { actions: [{ add: { index: source, alias: 'rr-few', filter: { range: { n: { lte: 100 } } } } }] },
    })
    await using proxy = await startFaultProxy(url, ({ url: path = '' }) =>
      /_search_shards|_stats|_settings|_refresh/.test(path)
        ? { answer: 403, body: '{"error":{"type":"security_exception","reason":"no permissions"},"status":403}' }
        : undefined,
    )
    await using searchOnly = await openUrl('source', proxy.url)
    for (const remote of [sides.source, searchOnly]) {
      for (const slices of [1, 3]) {
        for (const [index, count] of [
          ['rr-few', 100],
          [`${source}*`, many + 50],
          [`rr-few,${source}-2`, 150],
        ] as const) {
          if (slices > 1 && index !== 'rr-few' && remote === sides.source) continue
          await deleteTestIndex(sides.target, dest)
          const { status } = await reindex(
            { source: remote, target: sides.target },
            requestOf(index, dest, { call: { slices } }),
          )
          assert.deepEqual([status.total, status.created], [count, count], `${index} in ${slices} slices`)
        }
      }
    }
    await deleteTestIndex(sides.source, `${source}-2`)
  })

  it('leaves no context open on the remote', async () => {
    await deleteTestIndex(sides.target, dest)
    const open = async () => {
      // Of this index only: other tests share the server.
      const { body } = await sides.source.json({ method: 'GET', path: indexPath(source, '_stats/search') })
      return /"scroll_current":(\d+)/.exec(JSON.stringify(body))?.[1]
    }
    await reindex(sides, requestOf(source, dest, { source: { sort: [{ n: 'asc' }] }, call: { maxDocs: 10 } }))
    await reindex(sides, requestOf(source, dest, { source: { slice: { id: 0, max: 2 } } }))
    // A context is closed after the call has been answered.
    for (let looks = 1; looks < 50 && (await open()) !== '0'; looks++) await sleep(100)
    assert.equal(await open(), '0')
  })

  it('reads an Elasticsearch 1.7, by types, with routing and versions', async () => {
    await using old = await openTestCluster('source', 'elasticsearch-1.7.6')
    await createTestIndex(old, source, { shards: 2, mapping: { properties: { n: { type: 'long' } } } })
    const documents = documentsOf(1_000).map((each, at) => (at % 3 === 0 ? { ...each, routing: `r${at}` } : each))
    await bulkDocuments(old, source, documents)
    await bulkDocuments(old, source, documents.slice(0, 10))
    for (const changes of [{}, { source: { sort: [{ n: 'desc' }] } }, { call: { slices: 4 } }]) {
      await deleteTestIndex(sides.target, dest)
      const request = requestOf(source, dest, { ...changes, dest: { versionType: 'external' } } as never)
      const { status, failures } = await reindex({ source: old, target: sides.target }, request)
      assert.deepEqual(failures, [])
      assert.deepEqual([status.total, status.created], [1_000, 1_000])
      const found = await contentOf(sides.target, dest, true)
      assert.equal(found.get('1'), 'r0|2|{"n":1}')
      assert.equal(found.get('12'), '|1|{"n":12}')
    }
    await deleteTestIndex(old, source)
  })
})
