// Migrations by snapshots and what disturbs them: kills, hooks that fail, other processes, clusters that are away, indexes that appear too
// late, and what is taken back. How one goes when nothing happens is in document-002-003.cluster.test.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ErrorCode } from '../../src/foundation/error-codes.ts'
import type { JourneyRecord } from '../../src/migration/snapshot-journey/journey-record.ts'
import { createTestIndex, deleteTestIndex, putDocuments } from '../documents/fill-index.ts'
import { openSnapshotSide, type SnapshotSide } from '../documents/snapshot-sides.ts'
import { startFaultProxy } from '../faults/fault-proxy.ts'
import { openGate } from '../faults/gate.ts'
import { startInterferingProxy } from '../faults/interfering-proxy.ts'
import { missingJava } from '../servers/servers.ts'
import { eventually, Indexferry } from './indexferry.ts'
import { asPlan, countOf, holders, movies, write } from './snapshot-plan.ts'

const old = 'elasticsearch-5.6.16'
const javaMissing = missingJava(old)

/** One place for both sides, so that nothing is moved; restored beside the index it comes from. */
const onePlace = (from: SnapshotSide, to: SnapshotSide, urls = { source: from.url, target: to.url }) => {
  const settings = { location: from.folder }
  return {
    source: { cluster: urls.source, repository: { name: from.repository, type: 'fs', settings } },
    target: { cluster: urls.target, repository: { name: to.repository, type: 'fs', settings } },
    restore: { rename_pattern: '^movies', rename_replacement: 'restored' },
  }
}

test('5.6 to 5.6 in one command, killed again and again', {
  skip: javaMissing ?? false,
}, async (context) => {
  const index = 'movies-killed'
  const restored = 'restored-killed'
  await using indexferry = await Indexferry.install()
  await using from = await openSnapshotSide('source', old, 'kill-journey-source')
  await using to = await openSnapshotSide('target', old, 'kill-journey-target')
  const plan = await indexferry.write(
    'plan.yaml',
    asPlan({
      name: 'movies-killed',
      // As the first of the documents writes it.
      indexes: index,
      source: {
        cluster: from.url,
        repository: { name: from.repository, type: 'fs', settings: { location: from.folder } },
        store: { location: from.folder },
      },
      target: {
        cluster: to.url,
        repository: { name: to.repository, type: 'fs', settings: { location: to.folder } },
        store: { location: to.folder },
      },
      restore: { rename_pattern: '^movies', rename_replacement: 'restored' },
      cycles: { every: '1s', until_shorter_than: '10m' },
      cut_over: { alias: 'movies-killed-live', source_afterwards: 'released' },
    }),
  )
  await createTestIndex(from.cluster, index, { shards: 2 })
  await deleteTestIndex(to.cluster, restored)
  try {
    await putDocuments(from.cluster, index, movies(0, 5))
    const begun = performance.now()
    await indexferry.run(['status'])
    const startMs = performance.now() - begun
    let kills = 0
    const states = new Set<string>()
    let ended = { code: null as number | null, stdout: '', stderr: '' }
    while (kills < 7) {
      const { child, ended: end } = indexferry.start(['migrate', plan, '--json'])
      const instant = startMs * (0.8 + 2 * Math.random())
      void sleep(instant).then(() => child.kill('SIGKILL'))
      ended = await end
      if (ended.code !== null) break
      kills++
      const status = await indexferry.run(['status', 'movies-killed', '--json'])
      if (status.code === 0) states.add((JSON.parse(status.stdout) as { record: JourneyRecord }).record.state)
    }
    context.diagnostic(`${kills} kills, in ${[...states].join(', ')}`)
    if (ended.code === null) ended = await indexferry.run(['migrate', plan, '--json'])
    assert.equal(ended.code, 0, ended.stderr)
    assert.ok(kills > 0)
    const record = JSON.parse(ended.stdout) as JourneyRecord
    assert.equal(record.state, 'completed')
    assert.ok(record.verification.length === 5 && record.verification.every(({ isGood }) => isGood))
    assert.equal(await countOf(to.cluster, restored), 5)
    assert.deepEqual(await holders(to.cluster, 'movies-killed-live'), [restored])
    assert.deepEqual([await write(from.cluster, index), await write(to.cluster, restored)], [201, 201])
  } finally {
    await deleteTestIndex(from.cluster, index)
    await deleteTestIndex(to.cluster, restored)
  }
})

test('a hook that fails stops the migration; taken back, everything is as it was', {
  skip: javaMissing ?? false,
}, async () => {
  const [index, restored, alias] = ['movies-abort', 'restored-abort', 'movies-abort-live']
  await using indexferry = await Indexferry.install()
  await using from = await openSnapshotSide('source', old, 'abort-journey')
  await using to = await openSnapshotSide('target', old, 'abort-journey-reading')
  const settings = { location: from.folder }
  const parts = {
    name: 'movies-abort',
    indices: index,
    // One place for both, so that nothing is moved.
    source: { cluster: from.url, repository: { name: from.repository, type: 'fs', settings } },
    target: { cluster: to.url, repository: { name: to.repository, type: 'fs', settings } },
    restore: { rename_pattern: '^movies', rename_replacement: 'restored' },
    cut_over: { alias },
  }
  const say = (code: number) => [process.execPath, '-e', `console.error('not now'); process.exit(${code})`]
  const hook = { phase: 'release', when: 'before', command: say(3) }
  const plan = await indexferry.write('plan.yaml', asPlan({ ...parts, hooks: [hook] }))
  await createTestIndex(from.cluster, index)
  await createTestIndex(to.cluster, 'former-abort')
  await deleteTestIndex(to.cluster, restored)
  const filter = { term: { title: 'x' } }
  await to.cluster.json({ method: 'PUT', path: `/former-abort/_alias/${alias}`, body: { filter } })
  await from.cluster.json({ method: 'PUT', path: `/${index}/_alias/other-abort` })
  try {
    await putDocuments(from.cluster, index, movies(0, 3))
    await indexferry.fails(['migrate', plan, '--abort'], { code: 'MIGRATION_UNKNOWN', exit: 5 })
    const { error } = await indexferry.fails(['migrate', plan, '--cut-over'], { code: 'HOOK_FAILED', exit: 2 })
    assert.match(error.message, /before release .* ended with exit code 3: not now/)
    assert.deepEqual(await holders(to.cluster, alias), [restored])
    assert.deepEqual(await holders(to.cluster, 'other-abort'), [index, restored])
    assert.equal(await write(from.cluster, index), 403)
    const other = await indexferry.write('other.yaml', asPlan({ ...parts, indices: 'movies-*' }))
    await indexferry.fails(['migrate', other], { code: 'MIGRATION_CHANGED', exit: 2 })

    const record = await indexferry.json<JourneyRecord>(['migrate', plan, '--abort'])
    assert.deepEqual([record.state, record.blocks, record.alias], ['aborted', [], null])
    const { body } = await to.cluster.json<object>({ method: 'GET', path: `/_alias/${alias}` })
    assert.deepEqual(body, { 'former-abort': { aliases: { [alias]: { filter } } } })
    assert.deepEqual(await holders(to.cluster, 'other-abort'), [index])
    assert.equal(await write(from.cluster, index), 201)
    assert.equal(await countOf(to.cluster, restored), 3)
    const again = await indexferry.json<JourneyRecord>(['migrate', plan, '--abort'])
    assert.deepEqual([again.state, again.enteredMs], ['aborted', record.enteredMs])
    // Begun anew, it does not take what is there for its own.
    await indexferry.fails(['migrate', plan], { code: 'RESTORE_INDEX_OPEN', exit: 7 })
  } finally {
    await deleteTestIndex(from.cluster, index)
    await deleteTestIndex(to.cluster, restored)
    await deleteTestIndex(to.cluster, 'former-abort')
  }
})

test('another process makes the next cycle the last, or takes the migration back', {
  skip: javaMissing ?? false,
}, async () => {
  const [index, restored] = ['movies-asked', 'restored-asked']
  await using indexferry = await Indexferry.install()
  await using from = await openSnapshotSide('source', old, 'asked-journey')
  await using to = await openSnapshotSide('target', old, 'asked-journey-reading')
  const settings = { location: from.folder }
  const parts = {
    indices: index,
    source: { cluster: from.url, repository: { name: from.repository, type: 'fs', settings } },
    target: { cluster: to.url, repository: { name: to.repository, type: 'fs', settings } },
    restore: { rename_pattern: '^movies', rename_replacement: 'restored' },
    cycles: { every: '1h' },
  }
  const plan = await indexferry.write('asked.yaml', asPlan({ name: 'asked', ...parts }))
  const hook = { phase: 'verify', when: 'before', command: ['sleep', '60'], time_limit: '2m' }
  const slow = await indexferry.write(
    'slow.yaml',
    asPlan({ name: 'slow', ...parts, restore: { ...parts.restore, over_existing: true }, hooks: [hook] }),
  )
  const until = (name: string, state: string) =>
    eventually(`${name} is ${state}`, async () => {
      const status = await indexferry.run(['status', name, '--json'])
      if (status.code !== 0) return undefined
      const found = JSON.parse(status.stdout) as { isRunning: boolean; record: JourneyRecord }
      return found.isRunning && found.record.state === state ? found : undefined
    })
  await createTestIndex(from.cluster, index)
  await deleteTestIndex(to.cluster, restored)
  try {
    await putDocuments(from.cluster, index, movies(0, 3))
    const waiting = indexferry.start(['migrate', plan, '--json'])
    await until('asked', 'waiting')
    await indexferry.fails(['migrate', plan], { code: 'MIGRATION_RUNNING', exit: 5 })
    const asked = await indexferry.json<{ isElsewhere: boolean }>(['migrate', plan, '--cut-over'])
    assert.equal(asked.isElsewhere, true)
    const ended = await waiting.ended
    assert.equal((JSON.parse(ended.stdout) as JourneyRecord).state, 'completed', ended.stderr)
    assert.equal(await write(from.cluster, index), 403)
    await from.cluster.json({ method: 'PUT', path: `/${index}/_settings`, body: { 'index.blocks.write': null } })

    const verifying = indexferry.start(['migrate', slow, '--cut-over', '--json'])
    await until('slow', 'verifying')
    assert.equal(await write(from.cluster, index), 403)
    await indexferry.json(['migrate', slow, '--abort'])
    const back = await verifying.ended
    assert.equal((JSON.parse(back.stdout) as JourneyRecord).state, 'aborted', back.stderr)
    assert.equal(await write(from.cluster, index), 201)
  } finally {
    await deleteTestIndex(from.cluster, index)
    await deleteTestIndex(to.cluster, restored)
  }
})

test('taken back while a cluster is away: the other is taken back, and what is left is said', {
  skip: javaMissing ?? false,
}, async () => {
  const [index, restored, alias] = ['movies-away', 'restored-away', 'movies-away-live']
  await using indexferry = await Indexferry.install()
  await using from = await openSnapshotSide('source', old, 'away-journey')
  await using to = await openSnapshotSide('target', old, 'away-journey-reading')
  await using sourceGate = await openGate(from.url)
  await using targetGate = await openGate(to.url)
  const urls = { source: sourceGate.url, target: targetGate.url }
  const hook = { phase: 'release', when: 'before', command: ['false'] }
  const parts = { name: 'away', indices: index, cut_over: { alias }, hooks: [hook] }
  const plan = await indexferry.write('plan.yaml', asPlan({ ...parts, ...onePlace(from, to, urls) }))
  await createTestIndex(from.cluster, index)
  await deleteTestIndex(to.cluster, restored)
  try {
    await putDocuments(from.cluster, index, movies(0, 3))
    await indexferry.fails(['migrate', plan, '--cut-over'], { code: 'HOOK_FAILED', exit: 2 })
    await sourceGate.shut()
    const atSource = await indexferry.fails(['migrate', plan, '--abort'], { code: 'MIGRATION_KEPT', exit: 6 })
    assert.match(
      atSource.error.message,
      /not wholly taken back: writes on the source stay blocked \(movies-away\): .* the connection is refused$/,
    )
    assert.match(atSource.ended.stderr, /the alias movies-away-live is where it was/)
    assert.deepEqual(await holders(to.cluster, alias), [])
    assert.equal(await write(from.cluster, index), 403)

    await sourceGate.open()
    await targetGate.shut()
    // Started without --abort, it goes on with taking back.
    const atTarget = await indexferry.fails(['migrate', plan], { code: 'MIGRATION_KEPT', exit: 7 })
    assert.match(atTarget.error.message, /indexes on the target may be closed \(restored-away\): /)
    assert.equal(await write(from.cluster, index), 201)
    const { stdout } = await indexferry.run(['status', 'away'])
    assert.match(stdout, /being taken back, failed[\s\S]*MIGRATION_KEPT/)

    await targetGate.open()
    const record = await indexferry.json<JourneyRecord>(['migrate', plan, '--abort'])
    assert.deepEqual([record.state, record.blocks, record.alias], ['aborted', [], null])
  } finally {
    await deleteTestIndex(from.cluster, index)
    await deleteTestIndex(to.cluster, restored)
  }
})

test('indexes that appear between the block and the last snapshot come with another one', {
  skip: javaMissing ?? false,
}, async () => {
  await using indexferry = await Indexferry.install()
  await using from = await openSnapshotSide('source', old, 'late-journey')
  await using to = await openSnapshotSide('target', old, 'late-journey-reading')
  const late: string[] = []
  // Four times, each at the worst instant.
  await using proxy = await startInterferingProxy(from.url, [
    async (request, next) => {
      if (request.method === 'PUT' && request.path.includes('/indexferry-final') && late.length < 4) {
        const name = `movies-late-${late.length + 1}`
        await createTestIndex(from.cluster, name)
        await putDocuments(from.cluster, name, movies(0, 1))
        late.push(name)
      }
      return next(request)
    },
  ])
  const urls = { source: proxy.url, target: to.url }
  const plan = await indexferry.write(
    'plan.yaml',
    asPlan({ name: 'late', indices: 'movies-late*', ...onePlace(from, to, urls) }),
  )
  const all = ['movies-late', ...[1, 2, 3, 4].map((n) => `movies-late-${n}`)]
  const restored = all.map((name) => name.replace('movies', 'restored'))
  await createTestIndex(from.cluster, 'movies-late')
  for (const name of restored) await deleteTestIndex(to.cluster, name)
  try {
    await putDocuments(from.cluster, 'movies-late', movies(0, 3))
    await indexferry.json(['migrate', plan])
    const { error } = await indexferry.fails(['migrate', plan, '--cut-over'], { code: 'MIGRATION_GROWS', exit: 6 })
    assert.match(error.message, /the source made movies-late-3 after writes were blocked/)
    const record = await indexferry.json<JourneyRecord>(['migrate', plan])
    assert.deepEqual([record.state, record.cycle.snapshot], ['completed', 'indexferry-final-5'])
    assert.deepEqual(record.cycle.restored.map(({ name }) => name).sort(), [...restored].sort())
    assert.deepEqual(record.blocks.map(({ index }) => index).sort(), [...all].sort())
    for (const name of restored.slice(1)) assert.equal(await countOf(to.cluster, name), 1)
  } finally {
    for (const name of [...all, ...restored]) await deleteTestIndex(from.cluster, name)
  }
})

/** The words of versions that do one thing at a time, once for the first call of a kind. */
const busyOnce = (url: string, call: RegExp) => {
  const reason = '[most-journey:automatic] a snapshot is already running'
  const body = JSON.stringify({ error: { type: 'concurrent_snapshot_execution_exception', reason }, status: 503 })
  let isFirst = true
  return startFaultProxy(url, ({ method, url: path }) => {
    if (!isFirst || !call.test(`${method} ${path}`)) return undefined
    isFirst = false
    return { answer: 503, body, headers: { 'content-type': 'application/json' } }
  })
}

test('as many cycles as the plan allows, each waiting for snapshots of others', {
  skip: javaMissing ?? false,
}, async () => {
  const [index, restored] = ['movies-most', 'restored-most']
  await using indexferry = await Indexferry.install()
  await using from = await openSnapshotSide('source', old, 'most-journey')
  await using to = await openSnapshotSide('target', old, 'most-journey-reading')
  await using source = await busyOnce(from.url, /^PUT .*\/indexferry-1/)
  await using target = await busyOnce(to.url, /^POST .*\/indexferry-2\/_restore/)
  const urls = { source: source.url, target: target.url }
  const plan = await indexferry.write(
    'plan.yaml',
    asPlan({ name: 'most', indices: index, ...onePlace(from, to, urls), cycles: { every: '1s', most: 2 } }),
  )
  await createTestIndex(from.cluster, index)
  await deleteTestIndex(to.cluster, restored)
  try {
    await putDocuments(from.cluster, index, movies(0, 1))
    const { error, ended } = await indexferry.fails(['migrate', plan], { code: 'MIGRATION_CYCLES_SPENT', exit: 2 })
    // It waits for those of other tests as well.
    const waits = ended.stderr.match(/waiting for another snapshot or restore/g)?.length ?? 0
    assert.ok(waits >= 2, ended.stderr)
    assert.match(error.message, /^2 cycles are done, as many as the plan allows/)
    assert.match(error.remedy, /--cut-over/)
    const record = await indexferry.json<JourneyRecord>(['migrate', plan, '--cut-over'])
    assert.deepEqual([record.state, record.cycle.number], ['completed', 3])
  } finally {
    await deleteTestIndex(from.cluster, index)
    await deleteTestIndex(to.cluster, restored)
  }
})

test('names that cannot come to a good end are refused before anything is registered', {
  skip: javaMissing ?? false,
}, async () => {
  const index = 'movies-names'
  await using indexferry = await Indexferry.install()
  await using from = await openSnapshotSide('source', old, 'names-journey')
  await using to = await openSnapshotSide('target', old, 'names-journey-reading')
  await createTestIndex(from.cluster, index)
  await from.cluster.json({ method: 'PUT', path: `/${index}/_alias/names-alias` })
  try {
    const refused = async (changes: object, code: ErrorCode, exit: number, told: RegExp) => {
      const plan = asPlan({ name: 'names', indices: index, ...onePlace(from, to), ...changes })
      const { error } = await indexferry.fails(['migrate', await indexferry.write('plan.yaml', plan)], { code, exit })
      assert.match(`${error.message} ${error.remedy}`, told)
    }
    await refused({ indices: `${index},movies-nowhere` }, 'INDEX_MISSING', 6, /no index, .* movies-nowhere/)
    await refused({ indices: 'names-alias' }, 'INDEX_MISSING', 6, /as an alias, .* plan: movies-names/)
    const alias = { cut_over: { alias: 'restored-names' } }
    await refused(alias, 'CONFIG_INVALID', 2, /the name that the restored index movies-names gets/)
    await refused({ restore: {}, cut_over: { alias: index } }, 'CONFIG_INVALID', 2, /cut_over.alias is "movies-names"/)
    const { source, target } = onePlace(from, to)
    const location = 's3://movies-bucket/snap?endpoint=http://127.0.0.1:9'
    const settings = { access_key_id: 'id', secret_access_key: 'secret' }
    const away = { ...source, store: { location, ...settings } }
    const stores = { source: away, target: { ...target, store: { location: to.folder } } }
    await refused(stores, 'CONNECTION_REFUSED', 6, /source bucket movies-bucket: cannot list "snap\/"/)
    const path = `/_snapshot/${from.repository}`
    const { status } = await from.cluster.json({ method: 'GET', path, accept: [404] })
    assert.equal(status, 404)
  } finally {
    await deleteTestIndex(from.cluster, index)
  }
})

test('an index that is gone when its snapshot is due is told, and once it is back the migration goes on', {
  skip: javaMissing ?? false,
}, async () => {
  const [index, restored] = ['movies-gone', 'restored-gone']
  await using indexferry = await Indexferry.install()
  await using from = await openSnapshotSide('source', old, 'gone-journey')
  await using to = await openSnapshotSide('target', old, 'gone-journey-reading')
  const plan = await indexferry.write('plan.yaml', asPlan({ name: 'gone', indices: index, ...onePlace(from, to) }))
  const refill = async (count: number) => {
    await createTestIndex(from.cluster, index)
    await putDocuments(from.cluster, index, movies(0, count))
  }
  await deleteTestIndex(to.cluster, restored)
  await refill(2)
  try {
    await indexferry.json<JourneyRecord>(['migrate', plan])
    await deleteTestIndex(from.cluster, index)
    await indexferry.fails(['migrate', plan], { code: 'INDEX_MISSING', exit: 6 })
    await refill(3)
    const record = await indexferry.json<JourneyRecord>(['migrate', plan])
    assert.deepEqual([record.state, record.cycle.number], ['waiting', 2])
    assert.equal(await countOf(to.cluster, restored), 3)
  } finally {
    await deleteTestIndex(from.cluster, index)
    await deleteTestIndex(to.cluster, restored)
  }
})

test('a data stream is refused before anything is registered', {
  skip: missingJava('opensearch-2.19.4') ?? false,
}, async () => {
  const stream = 'movies-stream'
  await using indexferry = await Indexferry.install()
  await using from = await openSnapshotSide('source', 'opensearch-2.19.4', 'stream-journey')
  await using to = await openSnapshotSide('target', 'opensearch-2.19.4', 'stream-journey-reading')
  const { cluster } = from
  const template = { index_patterns: [stream], data_stream: {}, priority: 500 }
  await cluster.json({ method: 'PUT', path: `/_index_template/${stream}`, body: template })
  await cluster.json({ method: 'PUT', path: `/_data_stream/${stream}` })
  try {
    const plan = await indexferry.write('plan.yaml', asPlan({ name: 's', indices: 'movies-s*', ...onePlace(from, to) }))
    const { error } = await indexferry.fails(['migrate', plan], { code: 'MIGRATION_DATA_STREAM', exit: 6 })
    assert.match(error.message, /has the data stream movies-stream among what the plan names/)
    assert.match(error.remedy, /indices: "movies-s\*,-movies-stream"/)
    const { status } = await cluster.json({
      method: 'GET',
      path: `/_snapshot/${from.repository}`,
      accept: [404],
    })
    assert.equal(status, 404)
  } finally {
    await cluster.json({ method: 'DELETE', path: `/_data_stream/${stream}`, accept: [404] })
    await cluster.json({ method: 'DELETE', path: `/_index_template/${stream}`, accept: [404] })
  }
})

test('what is wrong with a plan is said with its lines', async () => {
  await using indexferry = await Indexferry.install()
  const plan = await indexferry.write(
    'plan.yaml',
    'name: x\nindices: movies\nsource:\n  cluster: http://127.0.0.1:1\n  repository:\n    name: r\n    type: s3\n    settings: { bucket: b }\n' +
      'target:\n  cluster: http://127.0.0.1:1\n  repositry: {}\nsnapshot: { name: fixed }\nhooks:\n  - { phase: move, when: after }\n' +
      "restore: { rename_pattern: '((', rename_replacement: x }\n",
  )
  const { error } = await indexferry.fails(['migrate', plan], { code: 'CONFIG_INVALID', exit: 2 })
  assert.match(error.message, /plan\.yaml:11:3: target\.repositry is no setting; did you mean target\.repository\?/)
  assert.match(error.message, /plan\.yaml:12:\d+: snapshot\.name has a value "fixed" that is not a name with \{cycle\}/)
  assert.match(error.message, /plan\.yaml:14:\d+: hooks\[0\] needs either command or url/)
  assert.match(error.message, /plan\.yaml:15:\d+: restore\.rename_pattern .* is not a regular expression/)
  assert.match(error.remedy, /docs\/plan\.md/)
})
