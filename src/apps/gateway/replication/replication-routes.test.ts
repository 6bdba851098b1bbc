// The replication API by HTTP, with an engine that says what it is told to say: paths, statuses, types and bodies as OpenSearch's plugin
// answered them (2.19.4).
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { type RoutesServer, serveRoutes } from '../../../../test/gateway/serve-routes.ts'
import {
  bulkRunning,
  bulkUnknown,
  followerExists,
  leaderMissing,
  remoteUnknown,
  replicationPaused,
  replicationUnknown,
  rolesMissing,
} from '../../../engine/replication/refusals.ts'
import type { ReplicationCaller } from '../../../engine/replication/replications.ts'
import { IndexferryError } from '../../../foundation/errors.ts'
import type { AutoFollowStatus, ReplicationStatus } from '../../../model/replication.ts'
import { replicationRoutes } from './replication-routes.ts'

let server: RoutesServer
/** What the engine was asked for. */
let asked: unknown[] = []
/** What it answers next, instead of doing it. */
let failure: Error | undefined
/** What stopping leaves. */
let unfinishedIndex: string | undefined
let statuses = new Map<string, ReplicationStatus>()
let rules: AutoFollowStatus[] = []
/** Answers of the cluster to the questions about rights. */
let clusterAnswer = { status: 200, body: '{}' }
let clusterAsked: string[] = []

function note(...what: unknown[]): void {
  asked.push(what)
  if (failure) throw failure
}

const deps = {
  replications: {
    start: async (request: unknown) => note('start', request),
    pause: async (follower: string, reason: string) => note('pause', follower, reason),
    resume: async (follower: string, _: unknown, isForced: boolean) => note('resume', follower, isForced),
    stop: async (follower: string, caller: ReplicationCaller | undefined) => {
      note('stop', follower, caller?.clusterHeaders)
      return { unfinishedIndex }
    },
    update: async (follower: string, settings: unknown) => note('update', follower, settings),
    status: (follower: string) => statuses.get(follower),
    list: () => [...statuses.values()],
    isFollower: (index: string) => statuses.has(index),
  },
  autoFollow: {
    put: async (rule: unknown) => note('put', rule),
    remove: (connection: string, name: string) => note('remove', connection, name),
    list: () => rules,
  },
  bulk: {
    begin: async (request: unknown) => {
      note('bulk', request)
      return 'node:7'
    },
    status: (id: string) => {
      if (id !== 'node:7') throw bulkUnknown(id)
      return {
        ...{ id, operation: 'start' as const, pattern: 'a*', startedMs: 5, isRunning: false, succeeded: 2, pending: 0 },
        ...{ cancelled: 1, failures: [{ index: 'a3', reason: 'why' }] },
      } as const
    },
    cancel: (id: string) => note('cancel', id),
    listMatching: () => [...statuses.values()],
  },
}

before(async () => {
  server = await serveRoutes(replicationRoutes(deps), async ({ method = '', url = '' } = {}) => {
    clusterAsked.push(`${method} ${url}`)
    return { status: clusterAnswer.status, headers: {}, body: Buffer.from(clusterAnswer.body) }
  })
})
after(() => server[Symbol.asyncDispose]())
beforeEach(() => {
  asked = []
  failure = undefined
  unfinishedIndex = undefined
  statuses = new Map()
  rules = []
  clusterAnswer = { status: 200, body: '{}' }
  clusterAsked = []
})

async function call(method: string, path: string, body?: unknown, type = 'application/json') {
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
  const headers: Record<string, string> = text === undefined ? {} : { 'content-type': type }
  const response = await fetch(`${server.url}/${path}`, {
    method,
    headers,
    ...(text === undefined ? {} : { body: text }),
  })
  const answered = await response.text()
  const answer = (answered.startsWith('{') ? JSON.parse(answered) : {}) as {
    error?: { type: string; reason: string }
  } & Record<string, unknown>
  return { status: response.status, answer }
}

const replication = (path: string) => `_plugins/_replication/${path}`
const done = { status: 200, answer: { acknowledged: true } }

const counts = {
  ...{ operationsRead: 8, operationsWritten: 7, deleted: 1, bytesRead: 900, failedReads: 0, throttledReads: 0 },
  ...{ failedWrites: 0, throttledWrites: 0, readMs: 12, writeMs: 34 },
}
const syncing: ReplicationStatus = {
  ...{ follower: 'follower-01', leaderIndex: 'leader-01', connection: 'my-conn', state: 'SYNCING' },
  ...{ reason: 'User initiated', waitingFor: undefined, bootstrap: undefined, counts },
  ...{ lagSeconds: 0.4, deletesLagSeconds: undefined },
  shards: Array.from({ length: 5 }, (_, shard) => ({ shard, leaderCheckpoint: -1, followerCheckpoint: -1 })),
}
const told = {
  reason: 'User initiated',
  leader_alias: 'my-conn',
  leader_index: 'leader-01',
  follower_index: 'follower-01',
}

describe('one replication', () => {
  test('start, by both names', async () => {
    const body = { leader_alias: 'my-conn', leader_index: 'leader-01' }
    for (const place of ['_plugins', '_opendistro']) {
      assert.deepEqual(await call('PUT', `${place}/_replication/follower-01/_start`, body), done)
    }
    const request = {
      ...{ follower: 'follower-01', connection: 'my-conn', leaderIndex: 'leader-01', roles: undefined },
      ...{ settings: {}, isAgain: false },
    }
    assert.deepEqual(asked, [
      ['start', request],
      ['start', request],
    ])
  })

  test('start waits for the first copy when it is asked to', async () => {
    const waiting = 'follower-01/_start?wait_for_restore=true&cluster_manager_timeout=60s'
    statuses.set('follower-01', { ...syncing, state: 'BOOTSTRAPPING' })
    const answered = call('PUT', replication(waiting), { leader_alias: 'c', leader_index: 'l' })
    const first = await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, 200, 'waiting'))])
    assert.equal(first, 'waiting')
    statuses.set('follower-01', syncing)
    assert.deepEqual(await answered, done)
  })

  test('pause, resume, stop and update, with and without a body', async () => {
    assert.deepEqual(await call('POST', replication('f/_pause')), done)
    assert.deepEqual(await call('POST', replication('f/_pause'), { reason: 'mine' }), done)
    assert.deepEqual(await call('POST', replication('f/_resume'), {}), done)
    assert.deepEqual(await call('POST', replication('f/_resume'), { force_resume: true }), done)
    assert.deepEqual(await call('POST', replication('f/_stop'), {}), done)
    assert.deepEqual(await call('PUT', replication('f/_update'), { settings: { a: 1 } }), done)
    assert.deepEqual(asked, [
      ['pause', 'f', 'User initiated'],
      ['pause', 'f', 'mine'],
      ['resume', 'f', false],
      ['resume', 'f', true],
      ['stop', 'f', {}],
      ['update', 'f', { a: 1 }],
    ])
    assert.deepEqual(new Set(clusterAsked), new Set(['POST /f/_refresh']))
  })

  test('a stop that leaves an unfinished index says so', async () => {
    const stop = () => fetch(`${server.url}/${replication('f/_stop')}`, { method: 'POST', body: '{}', headers })
    const headers = { 'content-type': 'application/json' }
    assert.equal((await stop()).headers.get('warning'), null)
    unfinishedIndex = 'größe'
    const answer = await stop()
    assert.equal(answer.status, 200)
    assert.deepEqual(await answer.json(), { acknowledged: true })
    const said = /^299 indexferry "the replication is stopped; gr%C3%B6%C3%9Fe does not have all documents .*"$/
    assert.match(answer.headers.get('warning') ?? '', said)
  })

  test('what the cluster does not let the caller do is not done', async () => {
    const error = { root_cause: [], type: 'security_exception', reason: 'no permissions for [x]' }
    clusterAnswer = { status: 403, body: JSON.stringify({ error, status: 403 }) }
    for (const action of ['pause', 'resume', 'stop']) {
      const { status, answer } = await call('POST', replication(`f/_${action}`), {})
      assert.equal(status, 403)
      assert.equal(answer.error?.reason, 'no permissions for [x]')
    }
    assert.equal((await call('PUT', replication('f/_update'), {})).status, 403)
    assert.equal((await call('GET', replication('f/_status'))).status, 403)
    assert.equal((await call('DELETE', replication('_autofollow'), { leader_alias: 'c', name: 'r' })).status, 403)
    assert.equal((await call('POST', replication('_bulk_stop'), { pattern: '*' })).status, 403)
    assert.equal((await call('POST', replication('_task_cancel/node:7'))).status, 403)
    assert.deepEqual(asked, [])
    clusterAnswer = { status: 503, body: 'OpenSearch Security not initialized.' }
    assert.equal((await call('POST', replication('f/_stop'), {})).status, 503)
    const block = { type: 'cluster_block_exception', reason: 'blocked by: [FORBIDDEN/8/index write (api)];' }
    clusterAnswer = { status: 403, body: JSON.stringify({ error: block, status: 403 }) }
    assert.equal((await call('POST', replication('f/_stop'), {})).status, 200)
    clusterAnswer = { status: 404, body: JSON.stringify({ error: { type: 'index_not_found_exception' }, status: 404 }) }
    assert.equal((await call('POST', replication('f/_stop'), {})).status, 200)
  })

  const refusals: [name: string, error: Error, status: number, type: string, reason: string][] = [
    [
      'an unknown remote',
      remoteUnknown('nope'),
      404,
      'no_such_remote_cluster_exception',
      'no such remote cluster: [nope]',
    ],
    ['a missing leader', leaderMissing('nope'), 404, 'index_not_found_exception', 'no such index [nope]'],
    [
      'a follower that is there',
      followerExists('f'),
      400,
      'illegal_argument_exception',
      'Cant use same index again for replication. Delete the index:f',
    ],
    [
      'no replication',
      replicationUnknown('f'),
      400,
      'illegal_argument_exception',
      'No replication in progress for index:f',
    ],
    ['a paused one', replicationPaused('f'), 400, 'resource_already_exists_exception', 'Index f is already paused'],
    ['no roles', rolesMissing('Follower'), 403, 'security_exception', 'Follower roles are mandatory for replication'],
    [
      'what a cluster refuses',
      new IndexferryError('REQUEST_REFUSED', 'refused', {
        side: 'target',
        fields: { status: 400, errorType: 'illegal_argument_exception', reason: 'unknown setting [index.x]' },
      }),
      400,
      'illegal_argument_exception',
      'unknown setting [index.x]',
    ],
  ]
  for (const [name, error, status, type, reason] of refusals) {
    test(`refused: ${name}`, async () => {
      failure = error
      const { status: answered, answer } = await call('POST', replication('f/_stop'), {})
      assert.equal(answered, status)
      assert.equal(answer.status, status)
      assert.equal(answer.error?.type, type)
      assert.equal(answer.error?.reason, reason)
    })
  }

  test('a missing leader is told as the servers do', async () => {
    failure = leaderMissing('nope')
    const { answer } = await call('PUT', replication('f/_start'), { leader_alias: 'c', leader_index: 'nope' })
    assert.match(
      JSON.stringify(answer),
      /^\{"error":\{"root_cause":\[\{"type":"index_not_found_exception","reason":"no such index \[nope\]","index":"nope"/,
    )
  })

  const malformed: [name: string, request: [string, string, unknown?, string?], status: number, reason: RegExp][] = [
    ['no body', ['PUT', 'f/_start'], 400, /request body or source parameter is required/],
    ['no settings', ['PUT', 'f/_update'], 400, /request body is required/],
    ['no JSON', ['PUT', 'f/_start', '{"a'], 400, /cannot be read as JSON/],
    ['no known form', ['PUT', 'f/_start', 'x', 'text/plain'], 406, /Content-Type header \[text\/plain\]/],
    ['an unknown parameter', ['POST', 'f/_stop?timeot=1s', {}], 400, /unrecognized parameter: \[timeot\] -> did/],
    ['no flag', ['GET', 'f/_status?verbose=yes'], 400, /only \[true\] or \[false\] are allowed/],
    ['no time', ['POST', 'f/_pause?cluster_manager_timeout=5'], 400, /unit is missing or unrecognized/],
    ['no pattern of a bulk status', ['GET', '_bulk_status'], 400, /pattern parameter is required/],
    ['no id of a task', ['POST', '_task_cancel/seven', {}], 400, /Invalid task_id format/],
    ['an unknown task', ['GET', '_task_status/node:8'], 404, /Task node:8 not found or already completed/],
  ]
  for (const [name, [method, path, body, type], status, reason] of malformed) {
    test(`refused: ${name}`, async () => {
      const { status: answered, answer } = await call(method, replication(path), body, type)
      assert.equal(answered, status)
      assert.match(answer.error?.reason ?? '', reason)
      assert.deepEqual(asked, [])
    })
  }
})

describe('status', () => {
  const status = async (path = 'follower-01/_status') => (await call('GET', replication(path))).answer

  test('none', async () => assert.deepEqual(await status(), { status: 'REPLICATION NOT IN PROGRESS' }))

  test('five empty shards, as in the document', async () => {
    statuses.set('follower-01', syncing)
    const details = { leader_checkpoint: -5, follower_checkpoint: -5, seq_no: 0 }
    assert.deepEqual(await status(), { status: 'SYNCING', ...told, syncing_details: details })
  })

  test('one shard with five documents, as observed; verbose by shard, with our additions', async () => {
    statuses.set('follower-01', { ...syncing, shards: [{ shard: 0, leaderCheckpoint: 4, followerCheckpoint: 4 }] })
    const details = { leader_checkpoint: 4, follower_checkpoint: 4, seq_no: 5 }
    const plain = { status: 'SYNCING', ...told, syncing_details: details }
    assert.deepEqual(await status(), plain)
    assert.deepEqual(await status('follower-01/_status?verbose'), {
      ...plain,
      shard_replication_details: [{ shard_id: '[follower-01][0]', syncing_task_details: details }],
      indexferry: {
        ...{ lag_seconds: 0.4, lag_operations: 0, operations_read: 8, operations_written: 7 },
        ...{ documents_deleted: 1, bytes_read: 900 },
      },
    })
  })

  test('while it is copied for the first time', async () => {
    const bootstrap = {
      ...{ bytesTotal: 84163640, bytesDone: 10639870, documentsTotal: 25, documentsDone: 5 },
      ...{ startedMs: 1795259425292, elapsedMs: 249 },
    }
    statuses.set('follower-01', { ...syncing, state: 'BOOTSTRAPPING', bootstrap })
    assert.deepEqual(await status(), {
      status: 'BOOTSTRAPPING',
      ...told,
      bootstrap_details: {
        ...{ bytes_total: 84163640, bytes_recovered: 10639870, bytes_percent: 12.641885 },
        ...{ files_total: 25, files_recovered: 5, files_percent: 20, start_time: 1795259425292, running_time: 249 },
      },
    })
  })

  test('paused, and waiting for a side', async () => {
    statuses.set('follower-01', { ...syncing, state: 'PAUSED' })
    assert.deepEqual(await status(), { status: 'PAUSED', ...told })
    statuses.set('follower-01', { ...syncing, waitingFor: 'the leader does not answer' })
    assert.deepEqual((await status()).indexferry, { waiting_for: 'the leader does not answer' })
  })
})

describe('rules', () => {
  const rule = { leader_alias: 'c', name: 'rule-name', pattern: 'books*' }
  const kept: AutoFollowStatus = {
    rule: {
      ...{ name: 'rule-name', connection: 'c', pattern: 'books*', excluded: ['books-old*'] },
      ...{ roles: { leader: 'l', follower: 'f' }, settings: { a: 1 }, followerPattern: undefined },
    },
    ...{ started: 2, failed: 1, failedLeaderCalls: 0, leaderFailure: undefined, lastLookMs: 9 },
    failures: [{ index: 'books-1', reason: 'why' }],
  }

  test('made once, replaced only when that is said, removed', async () => {
    assert.deepEqual(await call('POST', replication('_autofollow'), rule), done)
    rules = [kept]
    const again = await call('POST', replication('_autofollow'), rule)
    assert.equal(again.status, 400)
    assert.equal(again.answer.error?.type, 'resource_already_exists_exception')
    assert.match(again.answer.error?.reason ?? '', /autofollow replication rule cannot be recreated\/updated/)
    assert.equal(asked.length, 1)
    const replacing = { ...rule, indexferry: { replace: true } }
    assert.deepEqual(await call('POST', replication('_autofollow'), replacing), done)
    assert.deepEqual(await call('DELETE', replication('_autofollow'), { leader_alias: 'c', name: 'rule-name' }), done)
    assert.deepEqual(asked.at(-1), ['remove', 'c', 'rule-name'])
  })

  test('listed and counted', async () => {
    rules = [kept]
    const failures = [{ index: 'books-1', reason: 'why' }]
    assert.deepEqual((await call('GET', replication('_autofollow'))).answer, {
      indexferry: {
        rules: [
          {
            ...{ name: 'rule-name', leader_alias: 'c', pattern: 'books*', exclude: ['books-old*'] },
            ...{ use_roles: { leader_cluster_role: 'l', follower_cluster_role: 'f' }, settings: { a: 1 }, failures },
          },
        ],
      },
    })
    const figures = { num_success_start_replication: 2, num_failed_start_replication: 1, num_failed_leader_calls: 0 }
    assert.deepEqual((await call('GET', replication('autofollow_stats'))).answer, {
      ...figures,
      failed_indices: ['books-1'],
      autofollow_stats: [
        {
          ...{ name: 'rule-name', pattern: 'books*', leader_alias: 'c', ...figures, failed_indices: ['books-1'] },
          ...{ last_execution_time: 9, indexferry: { failures } },
        },
      ],
    })
  })
})

describe('many', () => {
  test('bulk tasks', async () => {
    const { answer } = await call('POST', replication('_bulk_start'), { pattern: 'a*', leader_alias: 'c' })
    assert.deepEqual(answer, { acknowledged: true, task_id: 'node:7' })
    assert.deepEqual((await call('GET', replication('_task_status/node:7'))).answer, {
      ...{ operation_type: 'bulk_start_replication', pattern: 'a*', start_time: 5, num_success: 2, num_failed: 1 },
      ...{ num_pending: 0, num_cancelled: 1, failed_indices: [{ index: 'a3', failure_reason: 'why' }] },
    })
    assert.deepEqual(await call('POST', replication('_task_cancel/node:7'), {}), done)
    failure = bulkRunning()
    const second = await call('POST', replication('_bulk_stop'), { pattern: 'a*' })
    assert.equal(second.status, 409)
    statuses.set('follower-01', syncing)
    const all = (await call('GET', replication('_bulk_status?pattern=*'))).answer as { indices: object }
    assert.deepEqual(Object.keys(all.indices), ['follower-01'])
  })

  test('figures: as many names as the plugin has', async () => {
    statuses.set('follower-01', { ...syncing, shards: [{ shard: 0, leaderCheckpoint: 6, followerCheckpoint: 4 }] })
    statuses.set('f2', { ...syncing, follower: 'f2', state: 'PAUSED' })
    const follower = (await call('GET', replication('follower_stats'))).answer
    assert.equal(Object.keys(follower).length, 16)
    const figures = {
      ...{ operations_written: 7, operations_read: 8, failed_read_requests: 0, throttled_read_requests: 0 },
      ...{ failed_write_requests: 0, throttled_write_requests: 0, follower_checkpoint: 4, leader_checkpoint: 6 },
      total_write_time_millis: 34,
    }
    assert.deepEqual(follower, {
      ...{ num_syncing_indices: 1, num_bootstrapping_indices: 0, num_paused_indices: 1, num_failed_indices: 0 },
      ...{ num_shard_tasks: 1, num_index_tasks: 1, ...figures, index_stats: { 'follower-01': figures } },
    })
    const leader = (await call('GET', replication('leader_stats'))).answer
    assert.equal(Object.keys(leader).length, 9)
    assert.deepEqual([leader.num_replicated_indices, leader.operations_read, leader.bytes_read], [1, 8, 900])
  })
})
