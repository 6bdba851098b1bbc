// What is asked of a live migration from elsewhere: while it runs, while nobody runs it, and when it is at its end.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { MigrationCatalog, type MigrationListing } from '../../src/engine/catalog-migrations.ts'
import type { MigrationState } from '../../src/migration/live-journey/migration-states.ts'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../documents/fill-index.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { eventually, Indexferry, type Running } from './indexferry.ts'

const serverName = 'opensearch-2.19.4'
const skip = missingJava(serverName) ?? false
const [index, copied] = ['live-asked', 'live-asked-copy']
const patient = ['--timeout', '2m'] as const

test('a paused migration is taken up by what is asked of it, and an asker that is stopped says who goes on', {
  skip,
  timeout: 300_000,
}, async () => {
  await using cluster = await openTestCluster('source', serverName)
  await using indexferry = await Indexferry.install()
  const { url } = await useServer(serverName)
  await deleteTestIndex(cluster, copied)
  await createTestIndex(cluster, index)
  await bulkDocuments(cluster, index, [{ id: '1', source: '{"n":1}' }])
  const listing = (): MigrationListing | undefined => MigrationCatalog.listOf(indexferry.state)[0]
  const inState = (state: MigrationState) =>
    eventually(`being ${state}`, async () => (listing()?.record.state === state ? listing() : undefined), 60_000)
  const running: Running[] = []
  try {
    const words = ['migrate', `${url}/${index}`, url, '--rename', `${index}=${copied}`, '--progress', 'none']
    running.push(indexferry.start([...words, '--verify-share', '100%']))
    const { id } = await inState('following')
    await eventually('a verification', async () => listing()?.verification ?? undefined, 60_000)

    const paused = await indexferry.run(['pause', id.toUpperCase()])
    assert.equal(paused.code, 0, paused.stderr)
    assert.match(paused.stdout, new RegExp(`^migration ${id} is paused: following\n  next: indexferry resume ${id}`))
    assert.equal((await running[0]?.ended)?.code, 130)
    const limited = await indexferry.run(['throttle', id, '--rate', '5000'])
    assert.match(limited.stdout, new RegExp(`^migration ${id}: takes hold when it goes on`))
    await indexferry.fails(['forget', id], { code: 'MIGRATION_STEP', exit: 5 })

    const [listed] = await indexferry.json<{ kind: string; id: string }[]>(['status'])
    assert.deepEqual([listed?.kind, listed?.id], ['liveMigration', id])

    // What was noted before the pause is older than the limit; that is no reason to refuse the switch.
    await sleep(1_500)
    const switched = await indexferry.run(['cut-over', id, '--lag-max', '1s', ...patient])
    assert.equal(switched.code, 0, switched.stderr)
    assert.match(switched.stdout, /^ {2}cut-over at .*: done, writes were stopped for/m)

    running.push(indexferry.start(['resume', id]))
    await eventually('being run', async () => (listing()?.isRunning ? true : undefined))
    const hook = 'cat >/dev/null; sleep 2'
    const asker = indexferry.start(['reverse', id, '--force', '--switch-hook', hook, ...patient])
    await eventually('the way back', async () => (listing()?.record.state.startsWith('reverse.') ? true : undefined))
    asker.child.kill('SIGINT')
    const stopped = await asker.ended
    assert.equal(stopped.code, 130, stopped.stderr)
    assert.match(stopped.stderr, new RegExp(`the process that runs ${id} goes on with what was asked`))
    assert.doesNotMatch(stopped.stderr, /pausing|Start the same command again/)
    await inState('following')

    assert.equal((await indexferry.run(['abort', id])).code, 0)
    await running[1]?.ended
    for (const ask of [['cut-over'], ['abort'], ['throttle', '--rate', '1']]) {
      const [name = '', ...rest] = ask
      const { error } = await indexferry.fails([name, id, ...rest], { code: 'MIGRATION_ENDED', exit: 5 })
      assert.match(error.message, /is taken back, which is its end/)
    }
    assert.match((await indexferry.run(['forget', id])).stdout, new RegExp(`^migration ${id} is forgotten`))
    assert.equal(listing(), undefined)
  } finally {
    for (const { child } of running) child.kill('SIGKILL')
    await Promise.all(running.map(({ ended }) => ended))
    for (const name of [index, copied]) await deleteTestIndex(cluster, name)
  }
})
