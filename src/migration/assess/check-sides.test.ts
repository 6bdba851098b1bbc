// The checks of whole sides, on answers as servers give them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { capabilitiesOf } from '../../cluster/capabilities.ts'
import { decodeClusterSettings } from '../../cluster/cluster-settings.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { parseClusterVersion } from '../../model/cluster-version.ts'
import { type Finding, findingOf, verdictOf, worstFirst } from './assessment.ts'
import { actionsIn, attemptCall, lookAt } from './attempt-call.ts'
import { checkCertificates } from './check-certificates.ts'
import { checkClock } from './check-clocks.ts'
import { checkClusterBlocks, checkIndexHealth, checkTargetHealth } from './check-cluster-health.ts'
import { checkShardLimit } from './check-shard-limit.ts'
import { checkSpace, shardCopies } from './check-space.ts'
import { checkVersions } from './check-versions.ts'
import { decodeHealth, decodeNodeStats } from './cluster-facts.ts'
import { estimateCopy } from './estimate-copy.ts'

const severities = (findings: readonly Finding[]) => findings.map(({ severity }) => severity)
const dayMs = 86_400_000
const GB = 1024 ** 3

const side = (name: 'source' | 'target', text: string, edition: 'full' | 'oss' | 'opensearch-serverless' = 'full') => {
  const version = parseClusterVersion(text)
  assert.ok(version)
  return { side: name, version, capabilities: capabilitiesOf(version, edition) }
}

test('versions: supported, too old, newer than tested, and a step back', () => {
  const check = (from: string, to: string) => checkVersions(side('source', from), side('target', to))
  assert.deepEqual(severities(check('elasticsearch-1.7.6', 'opensearch-3.8.0')), ['ok'])
  assert.deepEqual(severities(check('elasticsearch-1.4.0', 'opensearch-3.8.0')), ['error', 'ok'])
  assert.match(check('elasticsearch-1.4.0', 'opensearch-3.8.0')[0]?.message ?? '', /source is Elasticsearch 1\.4\.0/)
  assert.deepEqual(severities(check('opensearch-2.19.4', 'opensearch-3.99.0')), ['note', 'ok'])
  assert.deepEqual(severities(check('opensearch-2.19.4', 'opensearch-4.0.0')), ['warning', 'ok'])
  assert.match(check('opensearch-3.8.0', 'elasticsearch-7.10.2')[0]?.message ?? '', /step back/)
  assert.deepEqual(severities(checkVersions(side('source', 'opensearch-2.17.0', 'opensearch-serverless'), undefined)), [
    'warning',
  ])
})

test('certificates: days left, expired ones, and verification that is off', () => {
  const at = (expiresAt: number, isVerified = true) =>
    checkCertificates('target', [{ node: 'https://a', subject: 'node', expiresAt, isVerified }], 0)
  assert.deepEqual(severities(at(100 * dayMs)), ['ok'])
  assert.deepEqual(severities(at(29.5 * dayMs)), ['warning'])
  assert.match(at(29.5 * dayMs)[0]?.message ?? '', /in 29 days/)
  assert.match(at(-dayMs)[0]?.message ?? '', /expired on 1969-12-31/)
  assert.deepEqual(severities(at(100 * dayMs, false)), ['warning', 'ok'])
  assert.match(at(100 * dayMs, false)[0]?.remedy ?? '', /--target-ca/)
  assert.deepEqual(checkCertificates('source', [], 0), [])
})

test('clocks that are more than five minutes apart', () => {
  assert.deepEqual(severities(checkClock('source', 1_000_000, 1_000_000 + 299_000)), ['ok'])
  assert.match(checkClock('source', 0, 301_000)[0]?.message ?? '', /behind that of this machine/)
  assert.match(checkClock('source', 7_200_000, 0)[0]?.message ?? '', /2 h ahead of/)
  assert.deepEqual(checkClock('source', undefined, 0), [])
})

test('nodes that hold data, in the forms of old and new versions', () => {
  const fs = { total: { total_in_bytes: 100, free_in_bytes: 60, available_in_bytes: 50 } }
  const { disks, timestamp } = decodeNodeStats({
    nodes: {
      a: { name: 'a', timestamp: 1700000000000, roles: ['data', 'ingest'], fs },
      b: { name: 'b', roles: ['master'], fs },
      c: { name: 'c', roles: ['data_hot'], fs },
      d: { name: 'd', attributes: { data: 'false', master: 'true' }, fs },
      e: { name: 'e', fs },
      f: { name: 'f', roles: [], fs },
    },
  })
  assert.deepEqual(
    disks.map(({ node }) => node),
    ['a', 'c', 'e'],
  )
  assert.deepEqual(disks[0], { node: 'a', totalBytes: 100, availableBytes: 50 })
  assert.equal(timestamp, 1700000000000)
})

test('space: it fits, is tight, cannot fit, or cannot be seen', () => {
  const disks = { value: [1, 2].map((node) => ({ node: String(node), totalBytes: 100 * GB, availableBytes: 50 * GB })) }
  const settings = { value: decodeClusterSettings({}) }
  const check = (bytes: number, copies: number, marks = settings) => checkSpace([{ bytes, copies }], disks, marks)
  // Below the low watermark (85%) 35 GB are free on each node, below the flood stage (95%) 45 GB.
  assert.deepEqual(severities(check(34 * GB, 2)), ['ok'])
  assert.deepEqual(severities(check(36 * GB, 2)), ['warning'])
  assert.deepEqual(severities(check(46 * GB, 2)), ['error'])
  assert.match(check(46 * GB, 2)[0]?.message ?? '', /92 GiB with replicas/)
  // A third copy has no node to go to.
  assert.deepEqual(severities(check(34 * GB, 3)), ['ok'])
  const free = {
    value: decodeClusterSettings({ transient: { 'cluster.routing.allocation.disk.watermark.low': '10gb' } }),
  }
  assert.deepEqual(severities(check(39 * GB, 2, free)), ['ok'])
  const off = {
    value: decodeClusterSettings({ defaults: { 'cluster.routing.allocation.disk.threshold_enabled': 'false' } }),
  }
  assert.deepEqual(severities(check(49 * GB, 2, off)), ['ok'])
  const hidden = checkSpace(
    [{ bytes: 1, copies: 1 }],
    { hidden: 'no permissions for [cluster:monitor/nodes/stats]' },
    settings,
  )
  assert.deepEqual(severities(hidden), ['warning'])
  assert.match(hidden[0]?.message ?? '', /cluster:monitor\/nodes\/stats/)
  assert.equal(shardCopies({ number_of_replicas: '2' }, 1), 3)
  assert.equal(shardCopies({ auto_expand_replicas: '0-all' }, 5), 5)
  assert.equal(shardCopies({ auto_expand_replicas: 'false' }, 5), 2)
})

test('headroom: large disks keep less free than the percentage says', () => {
  const disks = { value: [{ node: 'a', totalBytes: 10_000 * GB, availableBytes: 1000 * GB }] }
  const name = 'cluster.routing.allocation.disk.watermark.low'
  const defaults = { [name]: '85%', [`${name}.max_headroom`]: '200GB' }
  assert.deepEqual(
    severities(checkSpace([{ bytes: 700 * GB, copies: 1 }], disks, { value: decodeClusterSettings({ defaults }) })),
    ['error'],
  )
  const both = { ...defaults, 'cluster.routing.allocation.disk.watermark.flood_stage.max_headroom': '100GB' }
  assert.deepEqual(
    severities(
      checkSpace([{ bytes: 700 * GB, copies: 1 }], disks, { value: decodeClusterSettings({ defaults: both }) }),
    ),
    ['ok'],
  )
})

test('the limit of shards', () => {
  const health = {
    value: decodeHealth({ status: 'green', number_of_data_nodes: 2, active_shards: 1900, unassigned_shards: 10 }),
  }
  const settings = { value: decodeClusterSettings({ defaults: { 'cluster.max_shards_per_node': '1000' } }) }
  assert.deepEqual(severities(checkShardLimit(90, health, settings)), ['warning'])
  assert.deepEqual(severities(checkShardLimit(91, health, settings)), ['error'])
  assert.deepEqual(severities(checkShardLimit(5, health, { hidden: 'no' })), ['note'])
  // Before 7.0 there is no such limit.
  assert.deepEqual(checkShardLimit(5, health, { value: decodeClusterSettings({}) }), [])
})

test('health of indexes and of the target, and blocks on it', () => {
  const health = {
    value: decodeHealth({
      status: 'red',
      number_of_data_nodes: 1,
      indices: { a: { status: 'red' }, b: { status: 'yellow' } },
    }),
  }
  assert.deepEqual(severities(checkIndexHealth(health, 'source', 'a')), ['error'])
  assert.deepEqual(severities(checkIndexHealth(health, 'source', 'b')), ['note'])
  assert.deepEqual(severities(checkTargetHealth(health)), ['warning'])
  assert.deepEqual(severities(checkTargetHealth({ value: decodeHealth({ status: 'green' }) })), ['error'])
  const settings = decodeClusterSettings({
    persistent: { 'cluster.blocks.read_only': 'true' },
    defaults: { 'cluster.blocks.read_only': 'false', 'cluster.blocks.create_index': 'true' },
  })
  assert.equal(checkClusterBlocks({ value: settings }, true).length, 2)
  assert.equal(checkClusterBlocks({ value: settings }, false).length, 1)
  assert.deepEqual(checkClusterBlocks({ hidden: '403' }, true), [])
})

test('missing privileges are named in the words of each plugin', async () => {
  const said = [
    [
      'no permissions for [indices:data/write/bulk[s], indices:data/write/index] and User [name=u]',
      'indices:data/write/bulk[s]|indices:data/write/index',
    ],
    ['action [indices:admin/create] is unauthorized for user [u] on indices [a]', 'indices:admin/create'],
    [
      'User: arn:aws:iam::1:user/u is not authorized to perform: es:ESHttpPut because no policy allows it',
      'es:ESHttpPut',
    ],
    ['Forbidden', ''],
  ] as const
  for (const [reason, actions] of said) assert.equal(actionsIn(reason).join('|'), actions)
  const findings: Finding[] = []
  const refused = new IndexferryError('PRIVILEGE_MISSING', 'GET / was answered 403', {
    side: 'target',
    fields: { reason: said[0][0] },
  })
  await attemptCall(findings, { check: 'target', what: 'write documents' }, () => Promise.reject(refused))
  assert.equal(findings[0]?.check, 'privileges')
  assert.match(
    findings[0]?.message ?? '',
    /user of the target may not write documents \(indices:data\/write\/bulk\[s\]/,
  )
  const lost = new IndexferryError('CONNECTION_LOST', 'gone', { side: 'target' })
  await assert.rejects(
    attemptCall(findings, { check: 'target', what: 'x' }, () => Promise.reject(lost)),
    { code: 'CONNECTION_LOST' },
  )
  assert.deepEqual(await lookAt(() => Promise.reject(refused)), { hidden: 'GET / was answered 403' })
  const notOffered = new IndexferryError('CREDENTIALS_WRONG', 'Your request is not allowed', { side: 'target' })
  assert.deepEqual(await lookAt(() => Promise.reject(notOffered)), { hidden: 'Your request is not allowed' })
  await assert.rejects(
    lookAt(() => Promise.reject(lost)),
    { code: 'CONNECTION_LOST' },
  )
})

test('verdicts and order', () => {
  assert.equal(verdictOf([]), 'ok')
  assert.equal(verdictOf(['note', 'ok']), 'ok')
  assert.equal(verdictOf(['warning', 'ok']), 'warning')
  assert.equal(verdictOf(['warning', 'error']), 'error')
  const error = findingOf('plan', new IndexferryError('INDEX_MISSING', 'no index', { side: 'source' }))
  assert.ok(error.remedy)
  const sorted = worstFirst([{ check: 'plan', severity: 'ok', message: 'a' }, error])
  assert.deepEqual(severities(sorted), ['error', 'ok'])
})

test('the estimate counts what could be counted', () => {
  const index = {
    source: 'a',
    target: 'a',
    documents: 1_000_000,
    bytes: 500_000_000,
    documentBytes: 1_000,
    readBy: 'sequence',
    verdict: 'ok',
    findings: [],
    changes: [],
  } as const
  const estimate = estimateCopy([index, { ...index, documents: 0, documentBytes: null }])
  assert.equal(estimate?.documents, 1_000_000)
  assert.equal(estimate?.documentBytes, 1_000_000_000)
  assert.equal(estimate?.seconds, 50)
  assert.equal(estimateCopy([{ ...index, documentBytes: null }])?.seconds, null)
  assert.equal(estimateCopy([{ ...index, documents: null }]), null)
})
