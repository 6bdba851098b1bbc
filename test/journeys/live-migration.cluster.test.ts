// Live migrations: copied, followed, cut over and back under writers that keep account, and no acknowledged write is missing.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { test } from 'node:test'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { indexPath } from '../../src/cluster/paths.ts'
import { MigrationCatalog, type MigrationListing } from '../../src/engine/catalog-migrations.ts'
import type { MigrationState } from '../../src/migration/live-journey/migration-states.ts'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../documents/fill-index.ts'
import { seededChance } from '../faults/seeded-chance.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { AcknowledgedWriters } from './acknowledged-writers.ts'
import { readIndex, untilEqual } from './copy-index.ts'
import { eventually, Indexferry, type Running } from './indexferry.ts'

const [sourceName, targetName] = ['opensearch-2.19.4', 'opensearch-3.8.0'] as const
const skip = missingJava(sourceName) ?? missingJava(targetName) ?? false

interface Pair {
  readonly clusters: { readonly source: Cluster; readonly target: Cluster }
  readonly index: string
  readonly alias: string
  readonly indexferry: Indexferry
  readonly words: readonly string[]
}

const mapping = { properties: { value: { type: 'long' }, text: { type: 'text' } } }

async function withPair(index: string, documents: number, work: (pair: Pair) => Promise<void>): Promise<void> {
  await using source = await openTestCluster('source', sourceName)
  await using target = await openTestCluster('target', targetName)
  await using indexferry = await Indexferry.install()
  const alias = `${index}-live`
  await deleteTestIndex(target, index)
  await createTestIndex(source, index, { shards: 2, mapping })
  await bulkDocuments(
    source,
    index,
    Array.from({ length: documents }, (_, n) => ({
      id: `b-${n}`,
      source: JSON.stringify({ value: n, text: 'before' }),
    })),
  )
  await source.json({ method: 'POST', path: '/_aliases', body: { actions: [{ add: { index, alias } }] } })
  const words = ['migrate', `${(await useServer(sourceName)).url}/${index}`, (await useServer(targetName)).url]
  try {
    await work({ clusters: { source, target }, index, alias, indexferry, words })
  } finally {
    for (const cluster of [source, target]) await deleteTestIndex(cluster, index)
  }
}

function listing({ indexferry }: Pair): MigrationListing | undefined {
  return MigrationCatalog.listOf(indexferry.state)[0]
}

const inState = (pair: Pair, state: MigrationState, withinMs = 60_000) =>
  eventually(
    `being ${state}`,
    async () => (listing(pair)?.record.state === state ? listing(pair) : undefined),
    withinMs,
  )

/** Whether a side takes a document from somebody who knows the name of the index. */
async function accepts(cluster: Cluster, name: string): Promise<boolean> {
  const { status } = await cluster.json({
    method: 'PUT',
    path: indexPath(name, '_doc/probe'),
    query: { refresh: true },
    body: { value: -1 },
    accept: [400, 403, 404, 409, 500],
  })
  if (status < 300) await cluster.json({ method: 'DELETE', path: indexPath(name, '_doc/probe') })
  return status < 300
}

async function end(running: Running, signal: 'SIGINT' | 'SIGKILL'): Promise<void> {
  running.child.kill(signal)
  await running.ended
}

const ready = ['--verify-every', '1h', '--verify-share', '100%'] as const

/** A test machine may be busy with other things. */
const patient = ['--timeout', '2m'] as const

/** Until the first verification in the background has ended. */
const verified = (pair: Pair) =>
  eventually('a verification', async () => listing(pair)?.verification ?? undefined, 60_000)

test('cut over and back under writers, and completed', { skip, timeout: 600_000 }, async (context) => {
  const seed = Number(process.env.MIGRATION_SEED ?? Date.now() % 1_000_000)
  context.diagnostic(`seed ${seed}`)
  await withPair('live-round', 3_000, async (pair) => {
    const { clusters, index, alias, indexferry, words } = pair
    const writers = new AcknowledgedWriters({
      clusters,
      name: alias,
      chance: seededChance(seed),
      ids: 4_000,
      writers: 2,
      rate: 400,
      batchMax: 10,
    })
    let running = indexferry.start([...words, ...ready])
    try {
      const { id } = await inState(pair, 'following')
      assert.equal((await verified(pair)).verdict, 'equal')
      await eventually('the guard', async () => (listing(pair)?.record.guards.target.length ? true : undefined))
      assert.ok(!(await accepts(clusters.target, index)), 'the target takes no documents of others')
      const switched = await indexferry.json<{ state: string; attempts: { fencedForMs: number }[] }>([
        'cut-over',
        id,
        ...patient,
        '--lag-max',
        '1m',
      ])
      assert.equal(switched.state, 'switched')
      context.diagnostic(`writes were stopped for ${switched.attempts[0]?.fencedForMs} ms`)
      await eventually('writes on the target', async () => (writers.home === 'target' ? true : undefined))
      assert.ok(!(await accepts(clusters.source, index)), 'the source takes no documents of others')
      assert.ok(!(await accepts(clusters.source, alias)), 'also not through its alias')
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      await end(running, 'SIGINT')
      running = indexferry.start(['resume', id])
      const { record } = await inState(pair, 'switched')
      assert.equal(record.stream, 1)
      await eventually('being run', async () => (listing(pair)?.isRunning ? true : undefined))
      await new Promise((resolve) => setTimeout(resolve, 500))
      const full = ['--last-verify', 'full']
      const back = await indexferry.json<{ state: string }>(['reverse', id, '--force', ...full, ...patient])
      assert.equal(back.state, 'following')
      await eventually('writes on the source', async () => (writers.home === 'source' ? true : undefined))
      await writers.pause()
      await untilEqual(clusters.source, clusters.target, index)
      writers.check(await readIndex(clusters.source, index))
      writers.resume()
      const again = await indexferry.json<{ state: string }>(['cut-over', id, '--force', ...patient])
      assert.equal(again.state, 'switched')
      await eventually('writes on the target again', async () => (writers.home === 'target' ? true : undefined))
      await writers.stop()
      context.diagnostic(`${writers.acknowledged} writes acknowledged, ${writers.refused} refused`)
      const completed = await indexferry.json<{ state: string }>(['complete', id])
      assert.equal(completed.state, 'completed')
      await running.ended
      await writers.check(await readIndex(clusters.target, index))
      assert.ok(!(await accepts(clusters.source, index)), 'the source ends blocked')
      assert.ok(await accepts(clusters.target, alias), 'the target takes writes')
      const settings = await clusters.source.json<object>({ method: 'GET', path: indexPath(index, '_settings') })
      assert.doesNotMatch(JSON.stringify(settings.body), /default_pipeline|gc_deletes/, 'nothing is left behind')
    } finally {
      await writers.stop().catch(() => {})
      await end(running, 'SIGKILL')
    }
  })
})

/** Fails while there is a file `fail`; otherwise it says that it was called and takes long, unless traffic is led back. */
const hook = `facts=$(cat); echo "$facts" >> facts; case "$facts" in *'"event":"back"'*) exit 0;; esac
if [ -f fail ]; then echo no route; exit 1; fi; touch called; sleep 3`

test('a switch that fails, one that is killed in the middle, and a migration that is taken back', {
  skip,
  timeout: 600_000,
}, async () => {
  await withPair('live-abort', 300, async (pair) => {
    const { clusters, index, alias, indexferry } = pair
    const words = pair.words.map((word) => (word.endsWith(`/${index}`) ? `${word}*` : word))
    const running = indexferry.start([...words, '--verify-every', '0s', '--switch-hook', hook, '--progress', 'none'])
    const later = `${index}-later`
    try {
      const { id } = await inState(pair, 'following')
      await createTestIndex(clusters.source, later)
      const { error } = await indexferry.fails(['cut-over', id], { code: 'MIGRATION_NOT_READY', exit: 3 })
      assert.match(error.message, /indexes: .*live-abort-later/)
      await deleteTestIndex(clusters.source, later)
      const preview = await indexferry.json<{ conditions: { name: string; isMet: boolean }[] }>(
        ['cut-over', id, '--dry-run'],
        { code: 3 },
      )
      const failing = preview.conditions.filter(({ isMet }) => !isMet).map(({ name }) => name)
      assert.deepEqual(failing, ['verified'])
      assert.equal((await indexferry.json<{ verdict: string }>(['verify', id])).verdict, 'equal')
      await indexferry.write('fail', '')
      await indexferry.fails(['cut-over', id, ...patient], { code: 'HOOK_FAILED', exit: 2 })
      assert.ok(await accepts(clusters.source, alias), 'writes go on on the source')
      assert.ok(!(await accepts(clusters.target, index)), 'and not on the target')
      await indexferry.fails(['complete', id], { code: 'MIGRATION_STEP', exit: 5 })
      await rm(indexferry.path('fail'))
      const asking = indexferry.start(['cut-over', id, ...patient, '--json'])
      await eventually('the hook', async () => (existsSync(indexferry.path('called')) ? true : undefined), 60_000)
      running.child.kill('SIGKILL')
      const asked = await asking.ended
      // Whoever asked goes on with it, and the hook is called again: in time, or the switch is given up.
      assert.ok(asked.code === 0 || asked.code === 3, `${asked.stdout}\n${asked.stderr}`)
      const { state } = listing(pair)?.record ?? {}
      assert.equal(state, asked.code === 0 ? 'switched' : 'following')
      if (state === 'switched') {
        await indexferry.fails(['abort', id], { code: 'MIGRATION_STEP', exit: 5 })
        assert.ok(!(await accepts(clusters.source, index)))
        await indexferry.json(['reverse', id, '--force', ...patient])
      }
      const aborted = await indexferry.json<{ state: string }>(['abort', id])
      assert.equal(aborted.state, 'aborted')
      assert.ok(await accepts(clusters.source, alias), 'the source is as it was')
      assert.ok(await accepts(clusters.target, index), 'the target belongs to its owner again')
      for (const cluster of [clusters.source, clusters.target]) {
        const { body } = await cluster.json<object>({ method: 'GET', path: indexPath(index, '_settings') })
        assert.doesNotMatch(JSON.stringify(body), /blocks|default_pipeline|gc_deletes/)
        // Of this migration: others may run on the same servers.
        const path = `/_ingest/pipeline/indexferry-fence-${id}-*`
        const { status } = await cluster.json({ method: 'GET', path, accept: [404] })
        assert.equal(status, 404, 'no pipeline is left')
      }
      const facts = await readFile(indexferry.path('facts'), 'utf8')
      assert.match(facts, new RegExp(`"event":"cut-over".*"aliases":\\["${alias}"\\]`))
    } finally {
      await end(running, 'SIGKILL')
      await deleteTestIndex(clusters.source, later)
    }
  })
})
