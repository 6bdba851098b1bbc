// A definition that a real server of each version made is planned for another version, created there, compared, and takes the
// documents of the source. Not covered: modules and plugins that the test servers lack.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sourceDefinitions } from '../../test/definitions/source-definitions.ts'
import type { ServerName } from '../../test/servers/catalogue.ts'
import { missingJava, useServer } from '../../test/servers/servers.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { openCluster } from '../cluster/open-cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import type { JsonObject } from '../model/json.ts'
import { readDefinition } from '../source/read-definition.ts'
import { applyAliases, checkDefinition, createIndex } from '../target/create-index.ts'
import type { DefinitionOptions, DefinitionPlan, PlannedIndex } from '../transform/definition-plan.ts'
import { planDefinition } from '../transform/plan-definition.ts'
import { compareDefinitions, fits } from './compare-definitions.ts'

type SourceName = keyof typeof sourceDefinitions

const run = `definitions-${process.pid}`
const clusters = new Map<ServerName, Promise<Cluster>>()
const sources = new Map<SourceName, Promise<string>>()
const made: [ServerName, string][] = []

function openServer(name: ServerName): Promise<Cluster> {
  let cluster = clusters.get(name)
  if (!cluster) {
    cluster = useServer(name).then((server) => openCluster('target', { nodes: [server.url] }))
    clusters.set(name, cluster)
  }
  return cluster
}

/** The index of a source version, made once. */
function makeSource(name: SourceName): Promise<string> {
  let index = sources.get(name)
  if (!index) {
    index = (async () => {
      const cluster = await openServer(name)
      const path = indexPath(`${run}-source`)
      made.push([name, `${run}-source`])
      await cluster.json({ method: 'PUT', path, body: sourceDefinitions[name].body })
      return `${run}-source`
    })()
    sources.set(name, index)
  }
  return index
}

async function plan(from: SourceName, to: ServerName, options: DefinitionOptions): Promise<DefinitionPlan> {
  const [source, target, index] = [await openServer(from), await openServer(to), await makeSource(from)]
  const definition = await readDefinition(source, index)
  return planDefinition(definition, source.version, target.version, {
    name: `${run}-from-${from.replace('elasticsearch', 'es').replace('opensearch', 'os')}`,
    ...options,
  })
}

async function create(to: ServerName, planned: PlannedIndex): Promise<void> {
  const cluster = await openServer(to)
  made.push([to, planned.name])
  await createIndex(cluster, planned)
  const actual = await readDefinition(cluster, planned.name)
  const differences = compareDefinitions(planned.definition, actual)
  assert.ok(fits(differences), `created is not as planned: ${JSON.stringify(differences)}`)
  await applyAliases(cluster, planned.name, planned.definition.aliases)
}

async function write(to: ServerName, planned: PlannedIndex, documents: readonly JsonObject[]): Promise<void> {
  const cluster = await openServer(to)
  const type = planned.documentType ?? (cluster.capabilities.mappingTypes === 'none' ? undefined : '_doc')
  const routing = cluster.capabilities.bulkRoutingKey
  const lines = documents.flatMap((document, id) => [
    JSON.stringify({ index: { _id: String(id), ...(type ? { _type: type } : {}), [routing]: 'r' } }),
    // No number of JavaScript has 64 bits: such numbers are written as text that begins with @.
    JSON.stringify(document).replace(/"@(\d+)"/g, '$1'),
  ])
  const { body } = await cluster.json<{ errors: boolean; items: unknown[] }>({
    method: 'POST',
    path: indexPath(planned.name, '_bulk'),
    body: Buffer.from(`${lines.join('\n')}\n`),
    contentType: 'ndjson',
  })
  assert.equal(body.errors, false, JSON.stringify(body.items))
}

after(async () => {
  for (const [server, index] of made) {
    await (await openServer(server)).json({ method: 'DELETE', path: indexPath(index), accept: [404] })
  }
  for (const cluster of clusters.values()) await (await cluster)[Symbol.asyncDispose]()
})

const split = { types: 'split' } as const
const merge = { types: 'merge', name: `${run}-merged` } as const

const journeys: readonly [SourceName, ServerName, DefinitionOptions?][] = [
  ['elasticsearch-1.7.6', 'opensearch-3.8.0'],
  ['elasticsearch-1.7.6', 'elasticsearch-7.10.2'],
  ['elasticsearch-1.7.6', 'elasticsearch-2.4.6'],
  ['elasticsearch-2.4.6', 'elasticsearch-7.10.2'],
  ['elasticsearch-2.4.6', 'elasticsearch-5.6.16'],
  ['elasticsearch-2.4.6', 'elasticsearch-1.7.6'],
  ['elasticsearch-5.6.16', 'elasticsearch-8.19.2', split],
  ['elasticsearch-5.6.16', 'elasticsearch-8.19.2', merge],
  ['elasticsearch-5.6.16', 'elasticsearch-6.8.23', merge],
  ['elasticsearch-5.6.16', 'opensearch-2.19.4', merge],
  ['elasticsearch-6.8.23', 'elasticsearch-9.1.0', { set: { 'analysis.filter.payload': null } }],
  ['elasticsearch-6.8.23', 'opensearch-1.3.14'],
  ['elasticsearch-7.10.2', 'opensearch-2.19.4'],
  ['elasticsearch-7.10.2', 'elasticsearch-1.7.6'],
  ['elasticsearch-7.10.2', 'elasticsearch-2.4.6'],
  ['elasticsearch-7.10.2', 'elasticsearch-5.6.16'],
  ['elasticsearch-7.10.2', 'elasticsearch-6.8.23'],
  ['elasticsearch-7.17.29', 'opensearch-1.3.14'],
  ['elasticsearch-7.17.29', 'opensearch-3.8.0'],
  ['elasticsearch-8.19.2', 'opensearch-3.8.0', { map: { vector: 'disabled' } }],
  ['elasticsearch-8.19.2', 'elasticsearch-7.17.29', { map: { vector: 'disabled' } }],
  ['elasticsearch-8.19.2', 'elasticsearch-9.1.0'],
  ['elasticsearch-9.1.0', 'opensearch-1.3.14', { map: { '*.dense_vector': 'float' } }],
  ['elasticsearch-9.1.0', 'elasticsearch-8.19.2'],
  [
    'opensearch-3.8.0',
    'elasticsearch-7.10.2',
    { map: { flat: 'disabled', wild: 'keyword', one: 'keyword', big: 'keyword', version: 'keyword' } },
  ],
  ['opensearch-3.8.0', 'opensearch-1.3.14'],
  ['opensearch-3.8.0', 'elasticsearch-1.7.6', { map: { sketch: '-' } }],
  ['opensearch-1.3.14', 'elasticsearch-8.19.2'],
]

describe('an index of one version is created on another', () => {
  for (const [from, to, options = {}] of journeys) {
    const skip = missingJava(from) ?? missingJava(to) ?? false
    const how = Object.keys(options).length ? ` ${JSON.stringify(options.types ?? options.map ?? options.set)}` : ''
    test(`${from} → ${to}${how}`, { skip, timeout: 300_000 }, async () => {
      const { targets, problems } = await plan(from, to, options)
      assert.deepEqual(problems, [])
      assert.ok(targets.length > 0)
      for (const planned of targets) await create(to, planned)
      // The order of types is the server's own; the documents are those of the type that is no child.
      const main = targets.find(({ sourceTypes }) => !sourceTypes?.includes('child')) ?? targets[0]
      await write(to, main as PlannedIndex, sourceDefinitions[from].documents ?? [])
    })
  }
})

describe('checkDefinition', () => {
  test('names what a target lacks, and leaves nothing behind', {
    skip: missingJava('opensearch-3.8.0') ?? false,
    timeout: 300_000,
  }, async () => {
    const { targets } = await plan('elasticsearch-8.19.2', 'opensearch-3.8.0', {})
    const cluster = await openServer('opensearch-3.8.0')
    const refused = await checkDefinition(cluster, targets[0] as PlannedIndex)
    assert.equal(refused?.code, 'DEFINITION_REFUSED')
    assert.match(refused?.message ?? '', /field vector, type knn_vector/)
    assert.match(refused?.remedy ?? '', /--map '\*\.knn_vector=/)
    // The probes of other tests on the same server are gone in a moment.
    let left: string[] = []
    for (let tries = 0; tries < 50; tries++) {
      const { body } = await cluster.json<JsonObject>({ method: 'GET', path: '/indexferry-probe-*/_settings' })
      left = Object.keys(body ?? {})
      if (left.length === 0) break
      await sleep(100)
    }
    assert.deepEqual(left, [])
    assert.equal(
      await checkDefinition(
        cluster,
        (await plan('elasticsearch-7.10.2', 'opensearch-3.8.0', {})).targets[0] as PlannedIndex,
      ),
      undefined,
    )
  })

  // The test server has only the analysis of the core.
  test('names a token filter that the target lacks', {
    skip: missingJava('elasticsearch-9.1.0') ?? false,
    timeout: 300_000,
  }, async () => {
    const { targets } = await plan('elasticsearch-6.8.23', 'elasticsearch-9.1.0', {})
    const refused = await checkDefinition(await openServer('elasticsearch-9.1.0'), targets[0] as PlannedIndex)
    assert.equal(refused?.code, 'DEFINITION_REFUSED')
    assert.match(String(refused?.fields.path), /analysis: filter delimited_payload payload/)
    assert.match(refused?.remedy ?? '', /--set analysis/)
  })
})
