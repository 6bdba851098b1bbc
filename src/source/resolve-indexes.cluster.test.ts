// What expressions find, on every server.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ServerName, serverNames } from '../../test/servers/catalogue.ts'
import { missingJava, useServer } from '../../test/servers/servers.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { openCluster } from '../cluster/open-cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import type { JsonObject } from '../model/json.ts'
import { readDefinition } from './read-definition.ts'
import { resolveIndexes } from './resolve-indexes.ts'

const run = `resolve-${process.pid}`
const odd = `${run}-odd+ü%2f`
const names = [`${run}-a`, `${run}-b`, `${run}-shut`, odd, `.${run}-system`]

async function prepare(cluster: Cluster): Promise<string[]> {
  const { stringFields, mappingTypes, hiddenIndexes } = cluster.capabilities
  const mapping = { properties: { k: stringFields ? { type: 'string', index: 'not_analyzed' } : { type: 'keyword' } } }
  const typed = mappingTypes === 'several' || mappingTypes === 'one'
  const body = {
    settings: { number_of_shards: 1, number_of_replicas: 0 },
    mappings: typed ? { thing: mapping } : mapping,
  }
  for (const name of names) await cluster.json({ method: 'PUT', path: indexPath(name), body })
  const made = [...names]
  if (hiddenIndexes) {
    made.push(`${run}-hidden`)
    const settings = { ...body.settings, hidden: true }
    await cluster.json({ method: 'PUT', path: indexPath(`${run}-hidden`), body: { ...body, settings } })
  }
  const actions = [
    { add: { index: `${run}-a`, alias: `alias-${run}`, filter: { term: { k: 'x' } } } },
    { add: { index: `${run}-b`, alias: `alias-${run}` } },
    // An alias that a pattern for indexes would find too.
    { add: { index: `.${run}-system`, alias: `${run}-alias` } },
  ]
  await cluster.json({ method: 'POST', path: '/_aliases', body: { actions } })
  // Elasticsearch 1.x and 2.x close only what has been allocated.
  await cluster.json({ method: 'GET', path: indexPath(`${run}-shut`, '_search') })
  await cluster.json({ method: 'POST', path: indexPath(`${run}-shut`, '_close') })
  return made
}

const servers: readonly ServerName[] = serverNames.filter(
  (name) => !name.endsWith('-secure') && !name.endsWith('-xpack'),
)

describe('resolveIndexes', () => {
  for (const server of servers) {
    test(server, { skip: missingJava(server) ?? false, timeout: 300_000 }, async (context) => {
      await using cluster = await openCluster('source', { nodes: [(await useServer(server)).url] })
      context.after(async () => {
        await using again = await openCluster('source', { nodes: [(await useServer(server)).url] })
        for (const name of [...names, `${run}-hidden`])
          await again.json({ method: 'DELETE', path: indexPath(name), accept: [404] })
      })
      const made = await prepare(cluster)
      const find = async (expression: string): Promise<string[]> =>
        (await resolveIndexes(cluster, expression)).map(({ name }) => name)

      assert.deepEqual(await find(`${run}-b,${run}-a`), [`${run}-b`, `${run}-a`])
      const notes: string[] = []
      const all = await resolveIndexes(cluster, `${run}-*`, { note: (text) => notes.push(text) })
      assert.deepEqual(
        all.map(({ name }) => name),
        [`${run}-a`, `${run}-b`, odd],
      )
      assert.deepEqual(notes, [`the index ${run}-shut is closed and is left out`])
      assert.deepEqual(await find(`${run}-*,-*-odd*,-${run}-b`), [`${run}-a`])
      assert.deepEqual(await find(odd), [odd])
      assert.deepEqual(await find(`.${run}-system`), [`.${run}-system`])
      assert.deepEqual(await find(`.${run}*`), [`.${run}-system`])
      if (made.includes(`${run}-hidden`)) assert.deepEqual(await find(`${run}-hidden`), [`${run}-hidden`])

      const behind = await resolveIndexes(cluster, `alias-${run}`)
      assert.deepEqual(
        behind.map(({ name, alias }) => [name, alias?.name, alias?.filter !== undefined]),
        [
          [`${run}-a`, `alias-${run}`, true],
          [`${run}-b`, `alias-${run}`, false],
        ],
      )
      const whole = await resolveIndexes(cluster, `alias-${run},${run}-a`)
      assert.equal(whole.find(({ name }) => name === `${run}-a`)?.alias, undefined)

      await assert.rejects(find(`${run}-none`), { code: 'INDEX_MISSING', message: new RegExp(`${run}-none`) })
      await assert.rejects(find(`${run}-none*`), { code: 'INDEX_MISSING' })
      await assert.rejects(find(`${run}-a,-${run}-a`), { code: 'INDEX_MISSING' })
      await assert.rejects(find(`${run}-shut`), { code: 'INDEX_CLOSED', message: new RegExp(`${run}-shut`) })
      await assert.rejects(find(''), { code: 'USAGE' })

      const definition = await readDefinition(cluster, odd)
      assert.equal(definition.name, odd)
      assert.equal(definition.settings.number_of_shards, '1')
      const typed = cluster.capabilities.mappingTypes === 'several' || cluster.capabilities.mappingTypes === 'one'
      assert.deepEqual(definition.types, typed ? ['thing'] : [])
      const mapping = (typed ? definition.mappings.thing : definition.mappings) as JsonObject
      assert.deepEqual(Object.keys(mapping.properties as JsonObject), ['k'])
      await assert.rejects(readDefinition(cluster, `${run}-none`), { code: 'INDEX_MISSING' })
    })
  }
})

test('data streams: their backing indexes, oldest first', {
  skip: missingJava('opensearch-3.8.0') ?? false,
  timeout: 300_000,
}, async () => {
  await using cluster = await openCluster('source', { nodes: [(await useServer('opensearch-3.8.0')).url] })
  const stream = `${run}-stream`
  try {
    const template = {
      index_patterns: [stream],
      data_stream: {},
      priority: 9,
      template: { settings: { number_of_replicas: 0 } },
    }
    await cluster.json({ method: 'PUT', path: `/_index_template/${stream}`, body: template })
    await cluster.json({ method: 'PUT', path: `/_data_stream/${stream}` })
    await cluster.json({ method: 'POST', path: `/${stream}/_rollover` })
    const expected = [1, 2].map((position) => ({
      name: stream,
      timeField: '@timestamp',
      position,
      isWriteIndex: position === 2,
    }))
    for (const expression of [stream, `${run}-str*`]) {
      const found = await resolveIndexes(cluster, expression)
      assert.deepEqual(
        found.map(({ dataStream }) => dataStream),
        expected,
      )
      assert.deepEqual(
        found.map(({ name }) => /^\.ds-.*-00000[12]$/.test(name)),
        [true, true],
      )
    }
    await assert.rejects(resolveIndexes(cluster, `${run}-str*,-${stream}`), { code: 'INDEX_MISSING' })
  } finally {
    await cluster.json({ method: 'DELETE', path: `/_data_stream/${stream}`, accept: [404] })
    await cluster.json({ method: 'DELETE', path: `/_index_template/${stream}`, accept: [404] })
  }
})
