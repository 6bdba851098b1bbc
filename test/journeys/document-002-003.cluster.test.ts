// Documents 002 and 003 from top to bottom, as one migration: a full snapshot, moved and restored, an incremental one, the last one with
// writes stopped, the four verifications, and the switch. Then what the documents do not speak of: kills, and going back.
//
// The repository of the source is a folder here; what the plugin of an Amazon domain does is done by a hook, which brings it into a bucket.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { indexPath } from '../../src/cluster/paths.ts'
import type { JourneyRecord } from '../../src/migration/snapshot-journey/journey-record.ts'
import { createTestIndex, deleteTestIndex, putDocuments, testType } from '../documents/fill-index.ts'
import { openSnapshotSide } from '../documents/snapshot-sides.ts'
import { missingFor, startObjectStore } from '../objectstores/object-stores.ts'
import { clientOf, makeBucket } from '../objectstores/store-sides.ts'
import type { ServerName } from '../servers/catalogue.ts'
import { missingJava } from '../servers/servers.ts'
import { eventually, Indexferry } from './indexferry.ts'

const old = 'elasticsearch-5.6.16'
const later = 'elasticsearch-6.8.23'
const program = fileURLToPath(new URL('../../bin/indexferry.js', import.meta.url))

const movies = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => ({ id: `m${from + at}`, source: `{"title": "movie ${from + at}"}` }))

const countOf = async (cluster: Cluster, index: string): Promise<number> => {
  await cluster.json({ method: 'POST', path: indexPath(index, '_refresh') })
  const { body } = await cluster.json<{ count: number }>({ method: 'GET', path: indexPath(index, '_count') })
  return body.count
}

const write = async (cluster: Cluster, index: string): Promise<number> => {
  const path = indexPath(index, `${testType(cluster)}/probe`)
  const { status } = await cluster.json({ method: 'PUT', path, body: { title: 'probe' }, accept: [403] })
  return status
}

const holders = async (cluster: Cluster, alias: string): Promise<string[]> => {
  const { body, status } = await cluster.json<object>({ method: 'GET', path: `/_alias/${alias}`, accept: [404] })
  return status === 404 ? [] : Object.keys(body).sort()
}

/** YAML takes JSON. */
const asPlan = (plan: object): string => JSON.stringify(plan, null, 2)

const javaMissing = missingJava(old) ?? missingJava(later)

test('document 003: Elasticsearch 5.6 to 6.8 by way of a bucket, cycle by cycle', {
  skip: javaMissing ?? missingFor('s3proxy') ?? false,
}, async () => {
  const index = 'movies-003'
  const alias = 'movies-003-live'
  await using store = await startObjectStore('s3proxy')
  await using indexferry = await Indexferry.install()
  await using from = await openSnapshotSide('source', old, 'eric-snapshot-repository')
  await using to = await openSnapshotSide('target', later, 'eric-snapshot-repository')
  const bucket = `s3://${await makeBucket(clientOf(store))}/snap?endpoint=${store.url}`
  const facts = indexferry.path('facts.ndjson')
  const tell = [
    process.execPath,
    '-e',
    `require('fs').appendFileSync(${JSON.stringify(facts)}, require('fs').readFileSync(0) + '\\n')`,
  ]
  const plan = await indexferry.write(
    'movies.yaml',
    asPlan({
      name: 'movies-003',
      indices: index,
      source: {
        cluster: from.url,
        repository: { name: from.repository, type: 'fs', settings: { location: from.folder, compress: true } },
        store: { location: bucket },
      },
      target: {
        cluster: to.url,
        repository: { name: to.repository, type: 'fs', settings: { location: to.folder } },
        store: { location: to.folder },
      },
      snapshot: { name: 'snapshot_movies_{cycle}' },
      cut_over: { alias },
      hooks: [
        {
          phase: 'snapshot',
          when: 'after',
          command: [process.execPath, program, 'object', 'copy', from.folder, bucket, '--skip-existing', '--quiet'],
        },
        { phase: 'switch', when: 'after', command: tell },
      ],
    }),
  )
  const env = { ...store.env, INDEXFERRY_STATE: indexferry.state }
  await createTestIndex(from.cluster, index, { shards: 2 })
  await deleteTestIndex(to.cluster, index)
  const filtered = { add: { index, alias: 'movies-003-old', filter: { term: { old: true } }, routing: 'r' } }
  const actions = [{ add: { index, alias } }, filtered]
  await from.cluster.json({ method: 'POST', path: '/_aliases', body: { actions } })
  try {
    await putDocuments(from.cluster, index, movies(0, 3))
    const first = await indexferry.json<JourneyRecord>(['migrate', plan], { env })
    assert.deepEqual([first.state, first.cycle.number, first.cycle.snapshot], ['waiting', 1, 'snapshot_movies_1'])
    assert.ok((first.cycle.snapshotEndMs ?? 0) >= (first.cycle.snapshotStartMs as number))
    assert.equal(await countOf(to.cluster, index), 3)
    assert.deepEqual(await holders(to.cluster, alias), [], 'nothing leads there before the switch')

    await putDocuments(from.cluster, index, movies(3, 5))
    const second = await indexferry.json<JourneyRecord>(['migrate', plan], { env })
    assert.deepEqual([second.state, second.cycle.snapshot], ['waiting', 'snapshot_movies_2'])
    assert.equal(await countOf(to.cluster, index), 5)
    const waiting = await indexferry.run(['status', 'movies-003'], { env })
    assert.match(waiting.stdout, /waiting for the next cycle[\s\S]*next: another cycle[\s\S]*--cut-over/)
    assert.match(waiting.stdout, /cycle 2 +snapshot_movies_2 .* 5 documents/)

    const last = await indexferry.json<JourneyRecord>(['migrate', plan, '--cut-over'], { env })
    assert.deepEqual([last.state, last.cycle.snapshot, last.cycle.isLast], ['completed', 'snapshot_movies_final', true])
    assert.deepEqual(
      last.verification.map(({ check, isGood }) => [check, isGood]),
      ['count', 'health', 'recovery', 'spot check', 'content'].map((check) => [check, true]),
    )
    assert.equal(await countOf(to.cluster, index), 5)
    assert.deepEqual(await holders(to.cluster, alias), [index])
    const { body } = await to.cluster.json<object>({ method: 'GET', path: `/${index}/_alias/movies-003-old` })
    const { filter, index_routing: routing } = Object.values(Object.values(body)[0].aliases)[0] as Record<
      string,
      unknown
    >
    assert.deepEqual([filter, routing], [{ term: { old: true } }, 'r'])
    assert.deepEqual([await write(from.cluster, index), await write(to.cluster, index)], [403, 201])
    const told = JSON.parse(await readFile(facts, 'utf8')) as Record<string, unknown>
    assert.deepEqual([told.phase, told.when, told.alias, told.blocked], ['switch', 'after', alias, [index]])
    assert.match((await indexferry.run(['status'], { env })).stdout, /movies-003 +completed/)
    // A completed migration stays as it is.
    const again = await indexferry.json<JourneyRecord>(['migrate', plan], { env })
    assert.equal(again.cycle.number, 3)
    await indexferry.fails(['migrate', plan, '--abort'], { code: 'MIGRATION_ENDED', exit: 5 }, { env })
  } finally {
    await deleteTestIndex(from.cluster, index)
    await deleteTestIndex(to.cluster, index)
  }
})

test('document 002: 5.6 to 5.6 in one command, killed again and again', {
  skip: javaMissing ?? false,
}, async (context) => {
  const index = 'movies-002'
  const restored = 'restored-002'
  await using indexferry = await Indexferry.install()
  await using from = await openSnapshotSide('source', old, 'kill-journey-source')
  await using to = await openSnapshotSide('target', old, 'kill-journey-target')
  const plan = await indexferry.write(
    'plan.yaml',
    asPlan({
      name: 'movies-002',
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
      cut_over: { alias: 'movies-002-live', source_afterwards: 'released' },
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
      const status = await indexferry.run(['status', 'movies-002', '--json'])
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
    assert.deepEqual(await holders(to.cluster, 'movies-002-live'), [restored])
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

/** The same journey on what came later, each over one major version. */
const pairs: readonly (readonly [ServerName, ServerName])[] = [
  ['elasticsearch-7.10.2', 'elasticsearch-7.17.29'],
  ['opensearch-1.3.14', 'opensearch-2.19.4'],
  ['opensearch-2.19.4', 'opensearch-3.8.0'],
]

for (const [source, target] of pairs) {
  test(`two cycles, the cut-over, and a writer who comes too late: ${source} to ${target}`, {
    skip: missingJava(source) ?? missingJava(target) ?? false,
  }, async () => {
    const index = `journey-${target}`
    await using indexferry = await Indexferry.install()
    await using from = await openSnapshotSide('source', source, `journey-to-${target}`)
    await using to = await openSnapshotSide('target', target, `journey-from-${source}`)
    const side = ({ url, repository, folder }: typeof from) => ({
      cluster: url,
      repository: { name: repository, type: 'fs', settings: { location: folder } },
      store: { location: folder },
    })
    // Somebody who takes the block away and writes after the last snapshot, once.
    const late = await indexferry.write(
      'late.mjs',
      `import { existsSync, writeFileSync } from 'node:fs'
       if (!existsSync('was-late')) {
         const put = async (path, body) => {
           const options = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
           const answer = await fetch(${JSON.stringify(`${from.url}/${index}`)} + path, options)
           if (!answer.ok) throw new Error(await answer.text())
         }
         await put('/_settings', { 'index.blocks.write': null })
         await put('/_doc/late', { title: 'late' })
         writeFileSync('was-late', '')
       }`,
    )
    const plan = await indexferry.write(
      'plan.yaml',
      asPlan({
        name: 'pair',
        indices: `${index}*`,
        source: side(from),
        target: side(to),
        restore: { relax: true },
        hooks: [{ phase: 'verify', when: 'before', command: [process.execPath, late] }],
      }),
    )
    await createTestIndex(from.cluster, index, { shards: 2 })
    await deleteTestIndex(to.cluster, index)
    try {
      await putDocuments(from.cluster, index, movies(0, 3))
      await indexferry.json(['migrate', plan])
      // An index that appears later comes with the next cycle.
      await createTestIndex(from.cluster, `${index}-later`)
      await putDocuments(from.cluster, `${index}-later`, movies(0, 1))
      await putDocuments(from.cluster, index, movies(3, 5))
      const last = await indexferry.json<JourneyRecord>(['migrate', plan, '--cut-over'])
      assert.deepEqual([last.state, last.cycle.number, last.cycle.snapshot], ['completed', 3, 'indexferry-final-2'])
      assert.equal(last.verification.filter(({ isGood }) => isGood).length, 10)
      assert.deepEqual([await countOf(to.cluster, index), await countOf(to.cluster, `${index}-later`)], [6, 1])
      assert.deepEqual([await write(from.cluster, index), await write(to.cluster, index)], [403, 201])
    } finally {
      for (const { cluster } of [from, to]) {
        for (const name of [index, `${index}-later`]) await deleteTestIndex(cluster, name)
      }
    }
  })
}

test('what is wrong with a plan is said with its lines', async () => {
  await using indexferry = await Indexferry.install()
  const plan = await indexferry.write(
    'plan.yaml',
    'name: x\nindices: movies\nsource:\n  cluster: http://127.0.0.1:1\n  repository:\n    name: r\n    type: s3\n    settings: { bucket: b }\n' +
      'target:\n  cluster: http://127.0.0.1:1\n  repositry: {}\nsnapshot: { name: fixed }\nhooks:\n  - { phase: move, when: after }\n',
  )
  const { error } = await indexferry.fails(['migrate', plan], { code: 'CONFIG_INVALID', exit: 2 })
  assert.match(error.message, /plan\.yaml:11:3: target\.repositry is no setting; did you mean target\.repository\?/)
  assert.match(error.message, /plan\.yaml:12:\d+: snapshot\.name has a value "fixed" that is not a name with \{cycle\}/)
  assert.match(error.message, /plan\.yaml:14:\d+: hooks\[0\] needs either command or url/)
  assert.match(error.remedy, /docs\/migrate-by-snapshot\.md/)
})
