import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayMetrics } from './metrics.ts'

const lines = async (metrics: GatewayMetrics): Promise<Set<string>> => new Set((await metrics.render()).split('\n'))

test('everything is counted under its name', async () => {
  const metrics = new GatewayMetrics()
  metrics.taskStarted('reindex')
  metrics.taskStarted('reindex')
  metrics.taskEnded('reindex', 'cancelled')
  metrics.documents('reindex', 'created', 41)
  metrics.documents('reindex', 'created', 1)
  metrics.bytes('reindex', 'written', 1000)
  metrics.retried('target')
  metrics.rejected('busy', 3)
  metrics.connectionOpened()
  metrics.connectionOpened()
  metrics.connectionClosed()
  metrics.callEnded({ operation: 'pass', status: 404, seconds: 0.003, clusterSeconds: 0.002 })
  metrics.callEnded({ operation: 'reindex', status: 200, seconds: 2 })
  const syncing = { state: 'SYNCING', lagSeconds: 0, deletesLagSeconds: 1 } as const
  metrics.watchReplications(() => [syncing, { ...syncing, lagSeconds: 2.5 }])
  const told = await lines(metrics)
  for (const line of [
    'indexferry_tasks_running{kind="reindex"} 1',
    'indexferry_tasks_ended_total{kind="reindex",state="cancelled"} 1',
    'indexferry_tasks_ended_total{kind="reindex",state="failed"} 0',
    'indexferry_documents_total{kind="reindex",outcome="created"} 42',
    'indexferry_bytes_total{kind="reindex",direction="written"} 1000',
    'indexferry_retries_total{side="target"} 1',
    'indexferry_retries_total{side="source"} 0',
    'indexferry_rejections_total{what="busy"} 3',
    'indexferry_connections_open 1',
    'indexferry_replications{state="syncing"} 2',
    'indexferry_replications{state="paused"} 0',
    'indexferry_replication_lag_seconds{what="writes"} 2.5',
    'indexferry_replication_lag_seconds{what="deletes"} 1',
    'indexferry_passed_requests_total{status="4xx"} 1',
    'indexferry_own_requests_total{operation="reindex",status="2xx"} 1',
    'indexferry_request_seconds_count{operation="pass",side="gateway"} 1',
    'indexferry_request_seconds_sum{operation="pass",side="cluster"} 0.002',
    'indexferry_request_seconds_bucket{le="0.005",operation="pass",side="whole"} 1',
    'indexferry_request_seconds_bucket{le="0.0025",operation="pass",side="whole"} 0',
  ]) {
    assert.ok(told.has(line), line)
  }
  assert.ok(
    ![...told].some((line) => line.includes('operation="reindex",side="cluster"')),
    'what is unknown is left out',
  )
})

test('two gateways in one process do not count together', async () => {
  const one = new GatewayMetrics()
  const other = new GatewayMetrics()
  one.retried('source')
  assert.ok((await lines(other)).has('indexferry_retries_total{side="source"} 0'))
})

test('the size of an answer does not depend on what comes in', async () => {
  const metrics = new GatewayMetrics()
  for (let call = 0; call < 1000; call++) {
    metrics.callEnded({ operation: `made-up-${call}`, status: call * 7, seconds: call / 1000 })
  }
  const operations = new Set([...(await metrics.render()).matchAll(/operation="([^"]+)"/g)].map(([, name]) => name))
  assert.equal(operations.size, 101)
  assert.ok(operations.has('other'))
})

test('the process is measured when it is asked for', async () => {
  const text = await new GatewayMetrics().render()
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
  assert.ok(value('process_resident_memory_bytes') > 1e6)
  assert.ok(value('process_cpu_seconds_total') > 0)
  assert.ok(Math.abs(value('process_start_time_seconds') - Date.now() / 1000 + process.uptime()) < 5)
})
