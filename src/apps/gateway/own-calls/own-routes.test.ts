import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { IndexferryError } from '../../../foundation/errors.ts'
import type { GatewayAnswer, GatewayCall } from '../route.ts'
import { GatewayMetrics } from './metrics.ts'
import { type OwnRoutesDeps, ownRoutes } from './own-routes.ts'

const well: OwnRoutesDeps = {
  metrics: new GatewayMetrics(),
  checkCluster: async () => {},
  checkCatalog: () => {},
  version: '1.2.3',
}

async function ask(path: string, deps: OwnRoutesDeps = well, routes = ownRoutes(deps)): Promise<GatewayAnswer> {
  const route = routes.find((entry) => entry.method === 'GET' && entry.path === path)
  assert.ok(route, path)
  // These calls look at nothing of the request.
  const answer = await route.handle({} as GatewayCall, {})
  assert.ok(answer !== 'pass')
  return answer
}

test('health and readiness are open to everybody, what tells more is not', () => {
  const open = ownRoutes(well)
    .filter((route) => route.open)
    .map(({ method, path }) => `${method} ${path}`)
  assert.deepEqual(open.sort(), [
    'GET /_indexferry/health',
    'GET /_indexferry/ready',
    'HEAD /_indexferry/health',
    'HEAD /_indexferry/ready',
  ])
})

test('it lives whatever else is broken', async () => {
  const broken = { ...well, checkCluster: () => Promise.reject(new Error('down')) }
  assert.deepEqual((await ask('/_indexferry/health', broken)).body, { status: 'ok' })
})

test('ready when cluster and catalog are', async () => {
  const answer = await ask('/_indexferry/ready')
  assert.equal(answer.status, 200)
  assert.deepEqual(answer.body, { status: 'ready' })
})

test('not ready says what is wrong, and neither hosts nor paths', async () => {
  const answer = await ask('/_indexferry/ready', {
    ...well,
    checkCluster: () => Promise.reject(new IndexferryError('CONNECTION_REFUSED', 'target https://inner:9200 refused')),
    checkCatalog: () => {
      throw new IndexferryError('STATE_UNUSABLE', 'the folder /var/inner cannot be written')
    },
  })
  assert.equal(answer.status, 503)
  const { reasons } = answer.body as { reasons: { check: string; code: string; reason: string }[] }
  assert.deepEqual(
    reasons.map(({ check, code }) => [check, code]),
    [
      ['cluster', 'CONNECTION_REFUSED'],
      ['catalog', 'STATE_UNUSABLE'],
    ],
  )
  assert.match(reasons[0]?.reason ?? '', /Nothing listens at the address/)
  assert.doesNotMatch(JSON.stringify(answer.body), /inner/)
})

test('a cluster that does not answer is not waited for', async () => {
  const never = { ...well, patienceMs: 20, checkCluster: () => new Promise<void>(() => {}) }
  const [answer] = await Promise.all([ask('/_indexferry/ready', never), sleep(100)])
  assert.equal(answer.status, 503)
  assert.match(JSON.stringify(answer.body), /CONNECTION_LOST/)
})

test('many probes ask the cluster once', async () => {
  let asked = 0
  const deps = {
    ...well,
    checkCluster: async () => {
      asked++
    },
  }
  const routes = ownRoutes(deps)
  await Promise.all(Array.from({ length: 50 }, () => ask('/_indexferry/ready', deps, routes)))
  assert.equal(asked, 1)
})

test('metrics come as Prometheus reads them', async () => {
  const answer = await ask('/_indexferry/metrics')
  assert.match(answer.headers?.['content-type'] ?? '', /^text\/plain; version=0\.0\.4/)
  assert.match(String(answer.body), /^# HELP indexferry_tasks_running /m)
})
