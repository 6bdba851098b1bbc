// A source index that is followed to a target, for the tests of following.
import assert from 'node:assert/strict'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { openCatalog } from '../../src/engine/catalog.ts'
import type { FollowStatus } from '../../src/mechanism/follow-journal.ts'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../documents/fill-index.ts'
import type { ServerName } from '../servers/catalogue.ts'
import { useServer } from '../servers/servers.ts'
import { routingOf } from './follow-writers.ts'
import { type Ended, eventually, Indexferry, type Running } from './indexferry.ts'

/** Small indexes need about 2 s (docs/decisions/007-deletes.md); a test machine may be busy with other things. */
export const deletesWithinMs = 30_000

export const mapping = { properties: { group: { type: 'long' }, at: { type: 'long' } } }

export const document = (number: number) => ({
  id: `d-${number}`,
  ...(routingOf(number) === undefined ? {} : { routing: routingOf(number) as string }),
  source: JSON.stringify({ n: number, group: number % 50, at: number }),
})

export interface Pair {
  readonly source: Cluster
  readonly target: Cluster
  readonly index: string
  readonly indexferry: Indexferry
  readonly words: readonly string[]
}

export async function withPair(
  [sourceName, targetName]: readonly [ServerName, ServerName],
  index: string,
  documents: number,
  work: (pair: Pair) => Promise<void>,
): Promise<void> {
  await using source = await openTestCluster('source', sourceName)
  await using target = await openTestCluster('target', targetName)
  await using indexferry = await Indexferry.install()
  await createTestIndex(source, index, { shards: 3, mapping })
  await deleteTestIndex(target, index)
  await bulkDocuments(
    source,
    index,
    Array.from({ length: documents }, (_, number) => document(number)),
  )
  const words = ['follow', `${(await useServer(sourceName)).url}/${index}`, (await useServer(targetName)).url]
  try {
    await work({ source, target, index, indexferry, words })
  } finally {
    for (const cluster of [source, target]) await deleteTestIndex(cluster, index)
  }
}

/** What the catalog says of the index; undefined before there is anything. */
export function statusOf(indexferry: Indexferry): FollowStatus | undefined {
  using catalog = openCatalog(indexferry.state)
  const [copy] = catalog.listCopies()
  return copy && catalog.readCopy(copy.id).indexes[0]?.following
}

/** Until everything that was done before this call is on the target; answers with how long that took. */
export async function caughtUp({ indexferry }: Pick<Pair, 'indexferry'>, running: Running): Promise<number> {
  const from = Date.now()
  let hasEnded = false
  void running.ended.then(() => {
    hasEnded = true
  })
  await eventually(
    'catching up',
    async () => {
      assert.ok(!hasEnded, 'it still runs')
      const status = statusOf(indexferry)
      // What a run with another clock noted may be later than now.
      const isBetween = (ms: number | undefined) => ms !== undefined && ms > from && ms <= Date.now()
      return status?.operationsBehind === 0 && isBetween(status.writesUpTo) && isBetween(status.deletesUpTo)
        ? true
        : undefined
    },
    2 * deletesWithinMs,
  )
  return Date.now() - from
}

export async function pause(running: Running): Promise<Ended> {
  running.child.kill('SIGINT')
  const ended = await running.ended
  assert.equal(ended.code, 130, ended.stderr)
  return ended
}

export async function kill(running: Running): Promise<void> {
  running.child.kill('SIGKILL')
  await running.ended
}

export const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
