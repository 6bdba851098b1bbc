import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import type { JsonObject } from '../../../model/json.ts'
import type { ReindexStatus } from '../../../model/reindex.ts'
import { connectionRoutes } from '../connections/connection-routes.ts'
import { recordedWritesRoutes } from '../recorded-writes/reader-routes.ts'
import { responseBody } from '../reindex/reindex-answer.ts'
import { reindexRoutes } from '../reindex/reindex-route.ts'
import { replicationRoutes } from '../replication/replication-routes.ts'
import { taskRoutes } from '../tasks/task-routes.ts'
import { clusterRoutes } from './cluster-routes.ts'
import { describedCalls } from './described-calls.ts'
import { GatewayMetrics } from './metrics.ts'
import { openApiDocument, undescribed } from './openapi.ts'
import { ownRoutes } from './own-routes.ts'
import { reindexRequest, reindexResponse } from './server-shapes.ts'

const nothing = async () => {}

/** Nobody is called: routes are only listed. */
const routes = [
  ...ownRoutes({ metrics: new GatewayMetrics(), checkCluster: nothing, checkCatalog: nothing, version: '0' }),
  ...reindexRoutes({} as never),
  ...taskRoutes({} as never),
  ...connectionRoutes({ keys: [], connections: {}, log: () => {} } as never),
  ...replicationRoutes({} as never),
  ...clusterRoutes({} as never),
  ...recordedWritesRoutes(undefined),
]

test('the description is valid OpenAPI 3.1', async () => {
  const document = openApiDocument('1.2.3')
  assert.equal((document.info as JsonObject).version, '1.2.3')
  const validator = new Validator()
  const result = await validator.validate(document)
  assert.deepEqual(result.errors ?? [], [])
  assert.ok(result.valid)
  assert.equal(validator.version, '3.1')
})

test('every reference leads somewhere, every named shape is referred to, every id is there once', () => {
  const document = openApiDocument('0')
  const text = JSON.stringify(document)
  const { schemas } = document.components as { schemas: JsonObject }
  const referred = new Set([...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name))
  assert.deepEqual([...referred].sort(), Object.keys(schemas).sort())
  assert.doesNotMatch(text, /\$defs/)
  assert.equal(new Set(describedCalls.map(({ id }) => id)).size, describedCalls.length)
})

test('every parameter of a path is described', () => {
  for (const { path, parameters = [], id } of describedCalls) {
    const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name)
    assert.deepEqual(
      parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name),
      inPath,
      id,
    )
  }
})

test('every route of the gateway is described, and nothing else', () => {
  // Whatever Amazon's API does not have is refused by routes of its own.
  const real = routes.filter(({ operation }) => operation !== 'UnknownOperation')
  assert.deepEqual(undescribed(real), [])
  const shape = ({ method, path }: { method: string; path: string }) => `${method} ${path.replaceAll(/:\w+/g, ':')}`
  const known = new Set(real.map(shape))
  assert.deepEqual(
    describedCalls.map(shape).filter((call) => !known.has(call)),
    [],
  )
  assert.deepEqual(undescribed([{ method: 'GET', path: '/_made/up' }]), ['GET /_made/up'])
})

test('what may be called without credentials is told so', () => {
  const open = new Set(routes.filter((route) => route.open).map(({ method, path }) => `${method} ${path}`))
  const told = describedCalls.filter(({ isOpen }) => isOpen).map(({ method, path }) => `${method} ${path}`)
  assert.deepEqual(new Set(told), open)
})

test('the walk-through of a vendor is a request as described', () => {
  const request = {
    source: {
      remote: { host: 'https://old:443', username: 'u', password: 'p', external: true, socket_timeout: '60m' },
      index: 'product_info',
      size: 500,
      query: { match: { productName: 'wealth management product' } },
    },
    dest: { index: 'dest' },
  }
  assert.ok(reindexRequest.safeParse(request).success)
  assert.ok(!reindexRequest.safeParse({ ...request, unknown: 1 }).success)
})

test('an answer is as described', () => {
  const status: ReindexStatus = {
    total: 6,
    updated: 0,
    created: 6,
    deleted: 0,
    batches: 1,
    versionConflicts: 0,
    noops: 0,
    bulkRetries: 0,
    searchRetries: 0,
    throttledMs: 0,
    requestsPerSecond: Number.POSITIVE_INFINITY,
    throttledUntilMs: 0,
    reasonCancelled: 'by user request',
    slices: undefined,
  }
  const failure = { kind: 'bulk', index: 'i', type: undefined, id: '1', cause: { type: 't' }, status: 400 } as const
  const server = { flavour: 'opensearch', major: 2, minor: 19, patch: 4, number: '2.19.4' } as const
  const answer = responseBody({ status, tookMs: 5, timedOut: false, failures: [failure], notes: [] }, { server })
  const sent: unknown = JSON.parse(JSON.stringify(answer))
  assert.deepEqual(reindexResponse.safeParse(sent).error?.issues ?? [], [])
})
