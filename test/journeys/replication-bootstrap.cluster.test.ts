// What is asked of a replication before everything was copied for the first time: the leader answers no searches until it may.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { indexPath } from '../../src/cluster/paths.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { type Fault, type InterferingProxy, startInterferingProxy } from '../faults/interfering-proxy.ts'
import { missingJava, useServer } from '../servers/servers.ts'
import { eventually } from './indexferry.ts'
import { alias, deleteIndexes, isInStep, type Replicating, replicateBetween } from './replicating.ts'

const [leaderName, followerName] = ['opensearch-2.19.4', 'opensearch-3.8.0'] as const
const skip = missingJava(leaderName) ?? missingJava(followerName) ?? false
const [leaderIndex, index] = ['repl-boot-leader', 'repl-boot-follower']
const acknowledged = '{"acknowledged":true}'

describe('a replication that is copied for the first time', { skip, timeout: 300_000 }, () => {
  let proxy: InterferingProxy
  let pair: Replicating
  let isHeld = true
  let check: Server
  let checkStatus = 200

  const hold: Fault = async (request, next) => {
    if (!isHeld || !/_search/.test(request.path)) return next(request)
    const busy = '{"error":{"type":"es_rejected_execution_exception","reason":"held"},"status":429}'
    return { status: 429, headers: { 'content-type': 'application/json' }, body: Buffer.from(busy) }
  }

  before(async () => {
    const leaderServer = await useServer(leaderName)
    proxy = await startInterferingProxy(leaderServer.url, [hold])
    check = createServer((_, response) => response.writeHead(checkStatus).end()).listen(0, '127.0.0.1')
    await once(check, 'listening')
    const address = `http://127.0.0.1:${(check.address() as AddressInfo).port}/may-read`
    pair = await replicateBetween({ ...leaderServer, url: proxy.url }, await useServer(followerName), [
      'replication:',
      `  throttle_check: ${address}`,
    ])
    await deleteIndexes(pair, leaderIndex, index)
    const settings = { number_of_shards: 1, number_of_replicas: 0 }
    await pair.leader.json({ method: 'PUT', path: indexPath(leaderIndex), body: { settings } })
    await pair.leader.json({ method: 'PUT', path: indexPath(leaderIndex, '_doc/1'), body: { n: 1 } })
  })
  after(async () => {
    if (pair) await deleteIndexes(pair, leaderIndex, index)
    await pair?.[Symbol.asyncDispose]()
    await proxy?.[Symbol.asyncDispose]()
    check?.close()
  })

  const exists = async () =>
    (await pair.follower.json({ method: 'HEAD', path: indexPath(index), accept: [404] })).status === 200

  /** Nothing of the leader can be read. */
  async function begin(more: JsonObject = {}): Promise<void> {
    isHeld = true
    const body = { leader_alias: alias, leader_index: leaderIndex, ...more }
    const { text } = await pair.replication('PUT', `${index}/_start`, body)
    assert.equal(text, acknowledged)
    assert.equal((await pair.status(index)).status, 'BOOTSTRAPPING')
    assert.ok(await exists())
  }

  const act = (action: string, body: JsonObject = {}) =>
    pair.replication(action === 'update' ? 'PUT' : 'POST', `${index}/_${action}`, body)

  test('a stop takes the unfinished index with it', async () => {
    await begin()
    assert.equal((await act('stop')).text, acknowledged)
    assert.equal(await exists(), false)
    assert.deepEqual(await pair.status(index), { status: 'REPLICATION NOT IN PROGRESS' })
  })

  test('a stop takes it as well after the gateway was started again', async () => {
    await begin()
    assert.equal((await act('pause')).text, acknowledged)
    await pair.restart()
    assert.equal((await act('stop')).text, acknowledged)
    assert.equal(await exists(), false)
  })

  test('a start during a stop is refused, or seen from then on', async () => {
    const isRunning = async () => (await pair.status(index)).status !== 'REPLICATION NOT IN PROGRESS'
    for (let n = 0; n < 4; n++) {
      await begin()
      const body = { leader_alias: alias, leader_index: leaderIndex }
      const stopping = act('stop')
      await sleep(n * 10)
      const started = await pair.replication('PUT', `${index}/_start`, body)
      assert.equal((await stopping).text, acknowledged)
      assert.equal(await isRunning(), started.text === acknowledged, started.text)
      if (await isRunning()) await act('stop')
      assert.equal(await exists(), false)
    }
  })

  test('an index that was there before stays when it is stopped', async () => {
    await pair.follower.json({ method: 'PUT', path: indexPath(index) })
    await begin({ indexferry: { restart: true } })
    assert.equal((await act('stop')).text, acknowledged)
    assert.ok(await exists())
    await pair.follower.json({ method: 'DELETE', path: indexPath(index) })
  })

  test('settings that are changed meanwhile hold afterwards, and refused ones do not', async () => {
    await begin()
    const settings = { 'index.refresh_interval': '7s', 'index.number_of_replicas': 2 }
    assert.equal((await act('update', { settings })).text, acknowledged)
    const wrong = { 'index.refresh_interval': '9s', 'index.no_such_setting': 1 }
    assert.equal((await act('update', { settings: wrong })).status, 400)
    isHeld = false
    await pair.until(index, 'in step', isInStep)
    const answer = await pair.ok('GET', `${index}/_settings?flat_settings=true`)
    const now = (answer[index] as { settings: Record<string, string> }).settings
    assert.deepEqual([now['index.refresh_interval'], now['index.number_of_replicas']], ['7s', '2'])
    const stats = await pair.ok('GET', '_plugins/_replication/follower_stats')
    assert.equal(stats.failed_write_requests, 0)
    assert.ok(Number(stats.total_write_time_millis) > 0)
    assert.equal((await act('stop')).text, acknowledged)
    assert.ok(await exists(), 'an index that was finished stays')
    await deleteIndexes(pair, index)
  })

  test('the check of the user holds it, and is named', async () => {
    checkStatus = 503
    const told = () => pair.ok('GET', `_plugins/_replication/${index}/_status`)
    await begin()
    await eventually('being held', async () => {
      const { indexferry } = (await told()) as { indexferry?: { waiting_for?: string } }
      return /^the check at 127\.0\.0\.1:\d+ answers 503$/.test(indexferry?.waiting_for ?? '') || undefined
    })
    isHeld = false
    assert.equal((await pair.status(index)).status, 'BOOTSTRAPPING')
    checkStatus = 200
    await pair.until(index, 'in step', isInStep)
  })
})
