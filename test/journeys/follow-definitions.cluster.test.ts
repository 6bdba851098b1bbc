// The definition of a followed index follows, too: fields before the documents that need them, settings and aliases soon after.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { indexPath } from '../../src/cluster/paths.ts'
import { openCatalog } from '../../src/engine/catalog.ts'
import type { FollowStatus } from '../../src/mechanism/follow-journal.ts'
import type { IndexDefinition } from '../../src/model/index-definition.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/model/json.ts'
import { readDefinition } from '../../src/source/read-definition.ts'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../documents/fill-index.ts'
import type { ServerName } from '../servers/catalogue.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { compareIndexes } from './copy-index.ts'
import { eventually, Indexferry } from './indexferry.ts'

const pairs: readonly (readonly [ServerName, ServerName])[] = [
  ['elasticsearch-7.10.2', 'opensearch-2.19.4'],
  ['opensearch-2.19.4', 'opensearch-3.8.0'],
]

const index = 'follow-definition'

/** Some seconds on a machine that has nothing else to do. */
const withinMs = 60_000

/** What nobody is asked about is guessed: a word becomes text with a keyword below it. */
const mapping = {
  dynamic_templates: [{ codes: { match: 'code_*', mapping: { type: 'keyword' } } }],
  properties: { n: { type: 'long' }, title: { type: 'text' } },
}

const put = (cluster: Cluster, rest: string, body: JsonObject) =>
  cluster.json({ method: 'PUT', path: indexPath(index, rest), body })

const alias = (cluster: Cluster, action: 'add' | 'remove', name: string, more: JsonObject = {}) =>
  cluster.json({
    method: 'POST',
    path: '/_aliases',
    body: { actions: [{ [action]: { index, alias: name, ...more } }] },
  })

const documents = (from: number, source: JsonObject) =>
  Array.from({ length: 20 }, (_, number) => ({
    id: `d-${from + number}`,
    source: JSON.stringify({ n: number, ...source }),
  }))

function statusOf(indexferry: Indexferry): FollowStatus | undefined {
  using catalog = openCatalog(indexferry.state)
  const [copy] = catalog.listCopies()
  return copy && catalog.readCopy(copy.id).indexes[0]?.following
}

const caughtUp = (indexferry: Indexferry) => {
  const from = Date.now()
  return eventually(
    'catching up',
    async () => {
      const status = statusOf(indexferry)
      return status?.operationsBehind === 0 && (status.writesUpTo ?? 0) > from ? true : undefined
    },
    withinMs,
  )
}

/** Until the target's definition is so; what it was last is told otherwise. */
async function becomes(target: Cluster, what: string, isSo: (definition: IndexDefinition) => boolean): Promise<void> {
  let last: IndexDefinition | undefined
  try {
    await eventually(
      what,
      async () => {
        last = await readDefinition(target, index)
        return isSo(last) ? true : undefined
      },
      withinMs,
    )
  } catch (error) {
    assert.fail(`${(error as Error).message}: ${JSON.stringify(last)}`)
  }
}

const field = ({ mappings }: IndexDefinition, ...path: string[]): JsonValue | undefined =>
  path.reduce<JsonValue | undefined>(
    (at, name) => (isJsonObject(at) ? at[name] : undefined),
    isJsonObject(mappings.properties) ? mappings.properties : {},
  )

const setting = ({ settings }: IndexDefinition, name: string): JsonValue | undefined => settings[name]

for (const [sourceName, targetName] of pairs) {
  const skip = missingJava(sourceName) ?? missingJava(targetName) ?? false
  test(`${sourceName} to ${targetName}`, { skip, timeout: 300_000 }, async () => {
    await using source = await openTestCluster('source', sourceName)
    await using target = await openTestCluster('target', targetName)
    await using indexferry = await Indexferry.install()
    await createTestIndex(source, index, { shards: 2, mapping })
    await deleteTestIndex(target, index)
    await alias(source, 'add', 'fd-old')
    await bulkDocuments(source, index, documents(0, { title: 'a' }))
    const words = ['follow', `${(await useServer(sourceName)).url}/${index}`, (await useServer(targetName)).url]
    const running = indexferry.start([...words, '--set', 'priority=7', '--quiet'])
    try {
      await caughtUp(indexferry)
      await fieldsComeBeforeDocuments(source, target, indexferry)
      await settingsAndAliasesFollow(source, target)
      await whatCannotBeCarriedWaits(source, target, indexferry)
      running.child.kill('SIGINT')
      const { code, stderr } = await running.ended
      assert.equal(code, 130, stderr)
      // While nobody followed: told when it goes on, and what the target got by itself meanwhile is left alone.
      await alias(source, 'remove', 'fd-new')
      await alias(target, 'add', 'fd-own')
      await put(source, '_mapping', { properties: { paused: { type: 'ip' } } })
      const again = indexferry.start([...words, '--set', 'priority=7', '--quiet'])
      await becomes(target, 'changes of the pause', (definition) => {
        const names = Object.keys(definition.aliases)
        return isJsonObject(field(definition, 'paused')) && !names.includes('fd-new') && names.includes('fd-own')
      })
      await caughtUp(indexferry)
      await compareIndexes(source, target, index)
      await whatIsAnotherTypeWaits(source, target, indexferry)
      again.child.kill('SIGINT')
      await again.ended
      assert.equal(setting(await readDefinition(target, index), 'priority'), '7', "the user's wish stays")
    } finally {
      running.child.kill('SIGKILL')
      for (const cluster of [source, target]) await deleteTestIndex(cluster, index)
    }
  })
}

async function fieldsComeBeforeDocuments(source: Cluster, target: Cluster, indexferry: Indexferry): Promise<void> {
  await put(source, '_mapping', {
    properties: {
      status: { type: 'keyword', ignore_above: 20 },
      title: { type: 'text', fields: { raw: { type: 'keyword' } } },
      place: { properties: { zip: { type: 'keyword' } } },
    },
  })
  await bulkDocuments(
    source,
    index,
    documents(100, { status: 'open', title: 'b', place: { zip: '1' }, code_a: 'x', guess: 'w' }),
  )
  await caughtUp(indexferry)
  const definition = await readDefinition(target, index)
  assert.deepEqual(field(definition, 'status'), { type: 'keyword', ignore_above: 20 })
  assert.deepEqual(field(definition, 'title', 'fields', 'raw'), { type: 'keyword' })
  assert.deepEqual(field(definition, 'place', 'properties', 'zip'), { type: 'keyword' })
  const { mappings } = await readDefinition(source, index)
  assert.deepEqual(
    definition.mappings.properties,
    mappings.properties,
    'what the source has guessed is not guessed again',
  )
  // A parameter that may be changed, and templates.
  await put(source, '_mapping', {
    properties: { status: { type: 'keyword', ignore_above: 30 } },
    dynamic_templates: [{ numbers: { match: 'num_*', mapping: { type: 'double' } } }],
  })
  await bulkDocuments(source, index, documents(200, { status: 'shut', num_a: 1, code_b: 'y' }))
  await caughtUp(indexferry)
  const later = await readDefinition(target, index)
  assert.deepEqual(later.mappings, (await readDefinition(source, index)).mappings)
}

async function settingsAndAliasesFollow(source: Cluster, target: Cluster): Promise<void> {
  await put(source, '_settings', {
    index: {
      number_of_replicas: 1,
      refresh_interval: '700ms',
      max_result_window: 12_345,
      priority: 3,
      blocks: { metadata: false },
    },
  })
  await alias(source, 'add', 'fd-new', { filter: { term: { n: 1 } }, routing: '1' })
  await alias(source, 'remove', 'fd-old')
  await becomes(target, 'settings and aliases', (definition) => {
    const { 'fd-new': added } = definition.aliases
    return (
      setting(definition, 'refresh_interval') === '700ms' &&
      setting(definition, 'number_of_replicas') === '1' &&
      setting(definition, 'max_result_window') === '12345' &&
      isJsonObject(added) &&
      added.index_routing === '1' &&
      !('fd-old' in definition.aliases)
    )
  })
  await put(source, '_settings', { index: { max_result_window: null, number_of_replicas: 0 } })
  await becomes(
    target,
    'a setting that is taken back',
    (definition) =>
      setting(definition, 'max_result_window') === undefined && setting(definition, 'number_of_replicas') === '0',
  )
}

async function whatCannotBeCarriedWaits(source: Cluster, target: Cluster, indexferry: Indexferry): Promise<void> {
  // Somebody has lowered the limit of the target.
  await put(target, '_settings', { index: { 'mapping.total_fields.limit': 5 } })
  await put(source, '_mapping', { properties: { one_more: { type: 'keyword' } } })
  await bulkDocuments(source, index, documents(300, { one_more: 'z' }))
  const error = await eventually(
    'waiting',
    async () => {
      const status = statusOf(indexferry)
      return status?.state === 'waiting' ? status.error : undefined
    },
    withinMs,
  )
  assert.equal(error.code, 'DEFINITION_NOT_CARRIED', JSON.stringify(error))
  assert.match(String(error.message), /limit of total fields/i)
  const { body } = await target.json<{ count: number }>({
    method: 'GET',
    path: indexPath(index, '_count'),
    query: { q: 'one_more:z' },
  })
  assert.equal(body.count, 0, 'documents wait')
  await put(target, '_settings', { index: { 'mapping.total_fields.limit': 1_000 } })
  await caughtUp(indexferry)
  assert.deepEqual(field(await readDefinition(target, index), 'one_more'), { type: 'keyword' })
  assert.equal(statusOf(indexferry)?.state, 'following')
}

async function whatIsAnotherTypeWaits(source: Cluster, target: Cluster, indexferry: Indexferry): Promise<void> {
  await put(target, '_mapping', { properties: { clash: { type: 'long' } } })
  await put(source, '_mapping', { properties: { clash: { type: 'keyword' } } })
  await bulkDocuments(source, index, documents(400, { clash: '7' }))
  await eventually(
    'waiting',
    async () => {
      const status = statusOf(indexferry)
      const isSo = status?.state === 'waiting' && /\[clash\].*type/.test(String(status.error?.message))
      return isSo ? true : undefined
    },
    withinMs,
  )
}
