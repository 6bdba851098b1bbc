// Files and pipes hold each document once, whatever happened on the way to them.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkLines } from '../campaigns/kill-checks.ts'
import { fillKillIndex, type KillIndex } from '../campaigns/kill-documents.ts'
import { deleteTestIndex, openTestCluster } from '../documents/fill-index.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { Indexferry } from './indexferry.ts'

const serverName = 'elasticsearch-7.10.2'
const indexes: readonly KillIndex[] = [
  { name: 'to-file-a', count: 12_000, shards: 2, settings: {} },
  { name: 'to-file-b', count: 0, shards: 1, settings: {} },
  { name: 'to-file-c', count: 1_000, shards: 1, settings: {} },
]

describe('a copy to a file', { skip: missingJava(serverName) ?? false, concurrency: 1 }, () => {
  let source = ''
  before(async () => {
    source = `${(await useServer(serverName)).url}/to-file-*`
    await using cluster = await openTestCluster('source', serverName)
    for (const index of indexes) await fillKillIndex(cluster, index)
  })
  after(async () => {
    await using cluster = await openTestCluster('source', serverName)
    for (const { name } of indexes) await deleteTestIndex(cluster, name)
  })

  /** Starts the copy, kills it in the middle, and gives what the second run of the same command printed. */
  async function killed(indexferry: Indexferry, args: readonly string[]) {
    const words = ['copy', source, ...args, '--progress', 'none', '--rate', '3000']
    const { child, ended } = indexferry.start(words)
    // The rate makes it last four seconds; by then it has noted progress once or twice.
    await sleep(2_500)
    child.kill('SIGKILL')
    assert.equal((await ended).code, null)
    const again = await indexferry.run([...words, '--rate', 'none'])
    assert.equal(again.code, 0, again.stderr)
    return again
  }

  it('takes several indexes into one file', async () => {
    await using indexferry = await Indexferry.install()
    const file = indexferry.path('all.ndjson')
    const { counts } = await indexferry.copy([source, file])
    assert.equal(counts.read, 13_000)
    checkLines(await readFile(file, 'utf8'), indexes)
  })

  it('takes several indexes into a file that replaces another', async () => {
    await using indexferry = await Indexferry.install()
    const file = await indexferry.write('all.ndjson', 'what was there before\n')
    await indexferry.copy([source, file, '--overwrite'])
    checkLines(await readFile(file, 'utf8'), indexes)
  })

  for (const way of ['sequence', 'scroll'] as const) {
    it(`holds each document once when it was killed (${way})`, async () => {
      await using indexferry = await Indexferry.install()
      const file = indexferry.path('all.ndjson')
      await killed(indexferry, [file, '--read-by', way])
      checkLines(await readFile(file, 'utf8'), indexes)
    })
  }

  it('begins again when it was killed while it wrote into a pipe', async () => {
    await using indexferry = await Indexferry.install()
    const { stdout } = await killed(indexferry, ['-'])
    checkLines(stdout, indexes)
  })
})
