// A gateway between two real clusters, switched while clients write through it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { testConfig } from '../../../../test/gateway/gateway-in-front.ts'
import { missingJava, type RunningServer, useServer } from '../../../../test/servers/servers.ts'
import { runHook } from '../../../migration/snapshot-journey/run-hook.ts'
import type { JsonObject } from '../../../model/json.ts'
import { runGateway } from '../run-gateway.ts'
import type { RunningGateway } from '../start-gateway.ts'

const [firstName, secondName] = ['elasticsearch-7.10.2', 'opensearch-2.19.4'] as const
const skip = missingJava(firstName) ?? missingJava(secondName) ?? false
const index = `switched-${process.pid}`

interface Answer {
  readonly status: number
  readonly body: JsonObject
}

async function ask(url: string, method: string, path: string, body?: JsonObject): Promise<Answer> {
  const headers = { 'content-type': 'application/json' }
  const init = body === undefined ? { method } : { method, headers, body: JSON.stringify(body) }
  const answer = await fetch(url + path, init)
  return { status: answer.status, body: (await answer.json()) as JsonObject }
}

const reasonOf = ({ body }: Answer): string => String((body.error as JsonObject).reason)

describe('the switch of a gateway', { skip, timeout: 180_000 }, () => {
  let first: RunningServer
  let second: RunningServer
  let folder = ''
  let gateway: RunningGateway
  const log: string[] = []

  const start = async (cluster = first.url, standby: string | null = second.url) => {
    const config = testConfig({ nodes: [cluster] }, { reindex: { allowlist: ['127.0.0.1:*', 'localhost:*'] } })
    const write = (line: string) => log.push(line)
    gateway = await runGateway(
      { ...config, standby: standby === null ? undefined : { nodes: [standby] }, stateFolder: folder },
      { write, warn: write, version: '0' },
    )
  }
  const turn = (body: JsonObject, query = '') => ask(gateway.url, 'POST', `/_indexferry/cluster/_switch${query}`, body)
  const state = async () => (await ask(gateway.url, 'GET', '/_indexferry/cluster')).body
  const isOpenSearch = async () => {
    const { version } = (await ask(gateway.url, 'GET', '/')).body as { version: JsonObject }
    return version.distribution === 'opensearch'
  }
  const idsOf = async (server: RunningServer): Promise<Set<string>> => {
    await ask(server.url, 'POST', `/${index}/_refresh`)
    const { body } = await ask(server.url, 'POST', `/${index}/_search`, { size: 10_000, _source: false })
    return new Set((body.hits as { hits: { _id: string }[] }).hits.map(({ _id }) => _id))
  }

  before(async () => {
    first = await useServer(firstName)
    second = await useServer(secondName)
    folder = mkdtempSync(join(tmpdir(), 'indexferry-switch-'))
    for (const { url } of [first, second]) {
      await ask(url, 'DELETE', `/${index}*?ignore_unavailable=true`)
      await ask(url, 'PUT', `/${index}`, { settings: { number_of_replicas: 0 } })
    }
    await start()
  })

  after(async () => {
    await gateway?.close()
    for (const server of [first, second]) if (server) await ask(server.url, 'DELETE', `/${index}`)
    if (folder) rmSync(folder, { recursive: true })
  })

  /** A call that has begun and does not end before `end` is called. */
  async function slowCall(id: string): Promise<{ end(): Promise<number> }> {
    const body = JSON.stringify({ slow: id })
    const sent: ClientRequest = request(`${gateway.url}/${index}/_doc/${id}?op_type=create`, {
      method: 'PUT',
      agent: false,
      headers: { 'content-type': 'application/json', 'content-length': body.length, expect: '100-continue' },
    })
    sent.flushHeaders()
    await once(sent, 'continue')
    sent.write(body.slice(0, 3))
    return {
      end: async () => {
        sent.end(body.slice(3))
        const [answer] = (await once(sent, 'response')) as [IncomingMessage]
        await text(answer)
        return answer.statusCode ?? 0
      },
    }
  }

  /** Whoever is held has no answer. */
  const isAnswered = () =>
    fetch(gateway.url, { signal: AbortSignal.timeout(2_000) }).then(
      () => true,
      () => false,
    )

  test('while clients write, every call is answered by exactly one cluster, and none is lost', async () => {
    let isOver = false
    let place = 0
    const after = new Map<string, string>()
    const written = new Set<string>()
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let at = 0; !isOver; at++) {
        const id = `${writer}-${at}`
        const begun = place
        const { status, body } = await ask(gateway.url, 'PUT', `/${index}/_doc/${id}?op_type=create`, { at })
        assert.equal(status, 201, JSON.stringify(body))
        written.add(id)
        // Begun after one switch and ended before the next.
        if (begun === place) after.set(id, place % 2 === 0 ? 'first' : 'second')
      }
    })
    try {
      for (const to of ['standby', 'cluster', 'standby']) {
        const enough = written.size + 100
        while (written.size < enough) await new Promise((resolve) => setTimeout(resolve, 5))
        const begun = place
        place = Number.NaN
        const { status, body } = await turn({ to })
        assert.equal(status, 200, JSON.stringify(body))
        assert.deepEqual([body.active, body.switched, body.left_behind], [to, true, 0])
        place = begun + 1
      }
      const enough = written.size + 100
      while (written.size < enough) await new Promise((resolve) => setTimeout(resolve, 5))
    } finally {
      isOver = true
      await Promise.all(writers)
    }
    const [inFirst, inSecond] = [await idsOf(first), await idsOf(second)]
    for (const id of written) assert.notEqual(inFirst.has(id), inSecond.has(id), `${id} is in exactly one cluster`)
    assert.equal(inFirst.size + inSecond.size, written.size)
    for (const [id, side] of after) assert.ok((side === 'first' ? inFirst : inSecond).has(id), `${id} is in ${side}`)
    assert.ok([...after.values()].filter((side) => side === 'first').length > 50)
  })

  test('twice is the same as once, and a restart keeps it, with the sections exchanged as well', async () => {
    const { body } = await turn({ to: 'standby' })
    assert.deepEqual([body.active, body.switched], ['standby', false])
    const { since, ...seen } = await state()
    assert.equal(seen.active, 'standby')
    assert.match(String((seen.standby as JsonObject).is), /OpenSearch 2\.19\.4/)
    assert.match(String((seen.cluster as JsonObject).is), /Elasticsearch 7\.10\.2/)
    assert.equal(await isOpenSearch(), true)
    await gateway.close()
    await start()
    assert.deepEqual({ ...(await state()) }, { since, ...seen })
    assert.equal(await isOpenSearch(), true)
    await gateway.close()
    await start(second.url, first.url)
    assert.equal((await state()).active, 'cluster')
    assert.equal(await isOpenSearch(), true)
    await gateway.close()
    await start()
  })

  test('a call that does not end keeps traffic where it is, unless it may be left behind', async () => {
    const slow = await slowCall('slow-1')
    const late = await turn({ to: 'cluster' }, '?timeout=200ms')
    assert.equal(late.status, 504)
    assert.match(reasonOf(late), /^traffic stays where it is: 1 call is still under way after 200 ms\./)
    assert.equal((await state()).active, 'standby')
    // A call that comes meanwhile waits and goes where the switch leads.
    const switching = turn({ to: 'cluster' })
    while (await isAnswered()) assert.equal((await state()).active, 'standby')
    const held = ask(gateway.url, 'PUT', `/${index}/_doc/held?op_type=create`, {})
    assert.equal(await slow.end(), 201)
    assert.equal((await switching).body.switched, true)
    assert.equal((await held).status, 201)
    const other = await slowCall('slow-2')
    const forced = await turn({ to: 'standby' }, '?timeout=0&force')
    assert.deepEqual([forced.status, forced.body.active, forced.body.left_behind], [200, 'standby', 1])
    assert.equal(await other.end(), 201)
    const [inFirst, inSecond] = [await idsOf(first), await idsOf(second)]
    for (const [id, isThere] of Object.entries({ held: inFirst, 'slow-1': inSecond, 'slow-2': inFirst })) {
      assert.ok(isThere.has(id), `${id} is where it belongs`)
      assert.notEqual(inFirst.has(id), inSecond.has(id))
    }
    assert.ok(log.some((line) => line.includes('"event":"switched"') && line.includes('1 calls were left')))
  })

  test('while a task runs it is refused, and afterwards the version of the new cluster is spoken of', async () => {
    const body = { source: { remote: { host: first.url }, index, size: 1 }, dest: { index: `${index}-copy` } }
    const path = '/_reindex?wait_for_completion=false&requests_per_second=1'
    const { task } = (await ask(gateway.url, 'POST', path, body)).body
    const refused = await turn({ to: 'cluster' })
    assert.equal(refused.status, 409)
    assert.match(reasonOf(refused), new RegExp(`tasks of _reindex are running \\(${task}\\); wait until`))
    assert.equal((await ask(gateway.url, 'POST', `/_tasks/${task}/_cancel?wait_for_completion`)).status, 200)
    await ask(second.url, 'DELETE', `/${index}-copy`)
    assert.equal((await turn({ to: 'cluster' })).body.switched, true)
    assert.equal((await ask(gateway.url, 'GET', '/_indexferry/ready')).status, 200)
  })

  test('hooks of migrations switch it as they are', async () => {
    const hook = {
      phase: 'switch' as const,
      when: 'after' as const,
      command: undefined,
      url: `${gateway.url}/_indexferry/cluster/_switch?timeout=10s`,
      headers: {},
      timeLimitMs: 60_000,
    }
    const call = (facts: object) => runHook({ hook, facts, folder, signal: AbortSignal.timeout(60_000) })
    const [source, target] = [
      { side: 'source', cluster: first.url },
      { side: 'target', cluster: second.url },
    ]
    await call({ migration: 'm', event: 'cut-over', from: source, to: target, indexes: [], aliases: [] })
    assert.equal((await state()).active, 'standby')
    await call({ migration: 'm', event: 'reverse', from: target, to: source, indexes: [], aliases: [] })
    assert.equal((await state()).active, 'cluster')
    await call({ migration: 'm', phase: 'switch', when: 'after', source: { cluster: 'a' }, target: { cluster: 'b' } })
    assert.equal((await state()).active, 'standby')
    await call({ migration: 'm', phase: 'abort', when: 'after', source: { cluster: 'a' }, target: { cluster: 'b' } })
    assert.equal((await state()).active, 'cluster')
    await assert.rejects(
      call({ migration: 'm', phase: 'verify', when: 'after' }),
      /answered 400: .*belongs after the phase/,
    )
  })

  test('without a standby, to one that is away, or with parameters that it does not know, it is refused', async () => {
    assert.match(
      reasonOf(await turn({ to: 'standby' }, '?tmeout=1s')),
      /unrecognized parameter: \[tmeout\] -> did you mean \[timeout\]/,
    )
    assert.match(reasonOf(await turn({ to: 'standby' }, '?timeout=10')), /not a time with its unit/)
    await gateway.close()
    await start(first.url, 'http://127.0.0.1:9')
    const away = await turn({ to: 'standby' })
    assert.equal(away.status, 503)
    assert.match(reasonOf(away), /^traffic stays where it is: the cluster behind this gateway, http:\/\/127\.0\.0\.1:9/)
    assert.equal(((await state()).standby as JsonObject).is, null)
    await gateway.close()
    await start(first.url, null)
    const none = await turn({ to: 'standby' })
    assert.equal(none.status, 409)
    assert.match(reasonOf(none), /the configuration has no standby/)
    assert.equal((await state()).standby, null)
  })
})
