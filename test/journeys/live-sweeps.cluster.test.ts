// Live migrations of sources without sequence numbers: followed by sweeps, cut over and back under writers that keep account.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { indexPath } from '../../src/cluster/paths.ts'
import { MigrationCatalog, type MigrationListing } from '../../src/engine/catalog-migrations.ts'
import type { MigrationState } from '../../src/migration/live-journey/migration-states.ts'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../documents/fill-index.ts'
import { seededChance } from '../faults/seeded-chance.ts'
import type { ServerName } from '../servers/catalogue.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { AcknowledgedWriters } from './acknowledged-writers.ts'
import { compareIndexes, readIndex, untilEqual } from './copy-index.ts'
import { eventually, Indexferry } from './indexferry.ts'

/** With how many documents, and whether it goes back and cuts over once more. */
const pairs: readonly (readonly [ServerName, ServerName, number, boolean])[] = [
  ['elasticsearch-5.6.16', 'opensearch-2.19.4', 2_000, true],
  ['elasticsearch-2.4.6', 'elasticsearch-7.10.2', 300, false],
]

const index = 'live-sweeps'
const alias = `${index}-live`

const listing = (indexferry: Indexferry): MigrationListing | undefined => MigrationCatalog.listOf(indexferry.state)[0]

const inState = (indexferry: Indexferry, state: MigrationState) =>
  eventually(
    `being ${state}`,
    async () => (listing(indexferry)?.record.state === state ? listing(indexferry) : undefined),
    60_000,
  )

async function fill(source: Cluster, documents: number): Promise<void> {
  await createTestIndex(source, index, { shards: 2, mapping: { properties: { value: { type: 'long' } } } })
  const numbers = Array.from({ length: documents }, (_, n) => n)
  await bulkDocuments(
    source,
    index,
    numbers.map((n) => ({
      id: `b-${n}`,
      ...(n % 7 === 0 ? { routing: `r${n % 5}` } : {}),
      source: JSON.stringify({ value: n, text: 'before' }),
    })),
  )
  await source.json({ method: 'POST', path: '/_aliases', body: { actions: [{ add: { index, alias } }] } })
}

/** Leads traffic to the side that the facts name; old requests have come to their end when it ends. */
const hook = `facts=$(cat); case "$facts" in *'"to":{"side":"target"'*) touch led;; *) rm -f led;; esac; sleep 0.5`

const patient = ['--timeout', '2m'] as const

for (const [sourceName, targetName, documents, goesBack] of pairs) {
  const skip = missingJava(sourceName) ?? missingJava(targetName) ?? false
  test(`${sourceName} to ${targetName} and back, under writers`, { skip, timeout: 300_000 }, async (context) => {
    const seed = Number(process.env.MIGRATION_SEED ?? Date.now() % 1_000_000)
    context.diagnostic(`seed ${seed}`)
    await using source = await openTestCluster('source', sourceName)
    await using target = await openTestCluster('target', targetName)
    await using indexferry = await Indexferry.install()
    await deleteTestIndex(target, index)
    await fill(source, documents)
    const writers = new AcknowledgedWriters({
      clusters: { source, target },
      name: alias,
      chance: seededChance(seed),
      ids: documents,
      writers: 2,
      rate: 200,
      batchMax: 10,
      route: () => (existsSync(indexferry.path('led')) ? 'target' : 'source'),
    })
    const words = ['migrate', `${(await useServer(sourceName)).url}/${index}`, (await useServer(targetName)).url]
    const often = ['--sweep-interval', '500ms', '--verify-every', '1h', '--verify-share', '100%']
    const running = indexferry.start([...words, ...often, '--switch-hook', hook])
    try {
      const { id } = await inState(indexferry, 'following')
      await eventually('a verification', async () => listing(indexferry)?.verification ?? undefined, 60_000)
      const preview = await indexferry.json<{ conditions: { name: string; isMet: boolean; found: string }[] }>([
        ...['cut-over', id, '--dry-run', '--lag-max', '1m'],
        ...patient,
      ])
      const told = preview.conditions.find(({ name }) => name === 'sweeps')
      assert.match(told?.found ?? '', /stopped for one sweep at least/)
      const over = ['cut-over', id, '--lag-max', '1m', ...patient]
      const switched = await indexferry.json<{ state: string; attempts: { fencedForMs: number }[] }>(over)
      assert.equal(switched.state, 'switched')
      context.diagnostic(`writes were stopped for ${switched.attempts[0]?.fencedForMs} ms`)
      await eventually('writes on the target', async () => (writers.home === 'target' ? true : undefined))
      await new Promise((resolve) => setTimeout(resolve, 300))
      await writers.pause()
      // What came after the switch is on the source as well: the way back is there.
      await untilEqual(target, source, index)
      writers.check(await readIndex(source, index))
      writers.resume()
      if (goesBack) {
        const back = await indexferry.json<{ state: string }>(['reverse', id, '--force', ...patient])
        assert.equal(back.state, 'following')
        await eventually('writes on the source', async () => (writers.home === 'source' ? true : undefined))
        const again = [...over, '--force', '--last-verify', 'full']
        assert.equal((await indexferry.json<{ state: string }>(again)).state, 'switched')
        await eventually('writes on the target again', async () => (writers.home === 'target' ? true : undefined))
      }
      await writers.stop()
      assert.equal((await indexferry.json<{ state: string }>(['complete', id])).state, 'completed')
      const { code, stderr } = await running.ended
      assert.equal(code, 0, stderr)
      await writers.check(await readIndex(target, index))
      const settings = await source.json<object>({ method: 'GET', path: indexPath(index, '_settings') })
      // Before 5.0 a setting cannot be taken back, only set.
      assert.doesNotMatch(JSON.stringify(settings.body), /gc_deletes":"15m/, 'nothing is left behind')
      context.diagnostic(`${writers.acknowledged} writes acknowledged, ${writers.refused} refused`)
    } finally {
      await writers.stop().catch(() => {})
      running.child.kill('SIGKILL')
      const { stderr } = await running.ended
      if (process.env.MIGRATION_SHOW) console.log(stderr)
      for (const cluster of [source, target]) await deleteTestIndex(cluster, index)
    }
  })
}

/** Their old numbers are known to the way back and mean nothing any more; taken for deletes, they would delete the documents on the source. */
test('what was only overwritten before the switch is there after the way back', {
  skip: missingJava('elasticsearch-5.6.16') ?? missingJava('opensearch-2.19.4') ?? false,
  timeout: 300_000,
}, async () => {
  await using source = await openTestCluster('source', 'elasticsearch-5.6.16')
  await using target = await openTestCluster('target', 'opensearch-2.19.4')
  await using indexferry = await Indexferry.install()
  const overwritten = 'live-overwritten'
  const documents = (text: string) =>
    Array.from({ length: 50 }, (_, n) => ({ id: `d-${n}`, source: `{"is":"${text}"}` }))
  await deleteTestIndex(target, overwritten)
  await createTestIndex(source, overwritten)
  await bulkDocuments(source, overwritten, documents('first'))
  const [from, to] = [(await useServer('elasticsearch-5.6.16')).url, (await useServer('opensearch-2.19.4')).url]
  const running = indexferry.start([
    'migrate',
    `${from}/${overwritten}`,
    to,
    '--sweep-interval',
    '1h',
    '--verify-every',
    '0s',
  ])
  try {
    const { id } = await inState(indexferry, 'following')
    // Nothing but the sweep of the switch sees these.
    await bulkDocuments(source, overwritten, documents('second').slice(0, 10))
    await indexferry.json(['cut-over', id, '--force', ...patient])
    await target.json({ method: 'DELETE', path: indexPath(overwritten, '_doc/d-20') })
    await indexferry.json(['reverse', id, '--force', '--last-verify', 'full', ...patient])
    await compareIndexes(source, target, overwritten)
    assert.equal((await readIndex(source, overwritten)).size, 49)
    assert.equal((await indexferry.json<{ state: string }>(['abort', id])).state, 'aborted')
  } finally {
    running.child.kill('SIGKILL')
    await running.ended
    for (const cluster of [source, target]) await deleteTestIndex(cluster, overwritten)
  }
})

const [typedName, untypedName] = ['elasticsearch-5.6.16', 'opensearch-2.19.4'] as const

test('what cannot go back is told before anything is copied, and ends blocked', {
  skip: missingJava(typedName) ?? missingJava(untypedName) ?? false,
  timeout: 300_000,
}, async () => {
  await using source = await openTestCluster('source', typedName)
  await using target = await openTestCluster('target', untypedName)
  await using indexferry = await Indexferry.install()
  const typed = 'live-typed'
  await deleteTestIndex(target, typed)
  await createTestIndex(source, typed)
  const of = (type: string) => ({ id: '1', type, source: `{"is":"${type}"}` })
  await bulkDocuments(source, typed, [of('doc'), of('other')])
  const words = ['migrate', `${(await useServer(typedName)).url}/${typed}`, (await useServer(untypedName)).url]
  const often = ['--sweep-interval', '300ms', '--verify-every', '0s']
  const running = indexferry.start([...words, '--types', 'merge', ...often])
  try {
    const { id, record } = await inState(indexferry, 'following')
    assert.match(record.oneWay ?? '', /mapping types/)
    await bulkDocuments(source, typed, [{ ...of('doc'), id: '2' }])
    const switched = await indexferry.json<{ state: string }>(['cut-over', id, '--force', ...patient])
    assert.equal(switched.state, 'switched')
    assert.equal((await readIndex(target, typed)).size, 3)
    await assert.rejects(bulkDocuments(source, typed, [of('doc')]), /blocked by/)
    await indexferry.fails(['reverse', id], { code: 'MIGRATION_STEP', exit: 5 })
    await indexferry.json(['complete', id, '--old-side', 'released'])
    await bulkDocuments(source, typed, [of('doc')])
    assert.equal((await running.ended).code, 0)
  } finally {
    running.child.kill('SIGKILL')
    await running.ended
    for (const cluster of [source, target]) await deleteTestIndex(cluster, typed)
  }
})
