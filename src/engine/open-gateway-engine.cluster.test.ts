// Tasks that go on when a gateway starts before the clusters that it needs, as after a power cut.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { bulkDocuments, createTestIndex, deleteTestIndex, openTestCluster } from '../../test/documents/fill-index.ts'
import { documentsOf, requestOf, type Sides } from '../../test/documents/reindex-calls.ts'
import { remoteHost } from '../../test/documents/remote-host.ts'
import { missingJava, useServer } from '../../test/servers/servers.ts'
import { indexPath } from '../cluster/paths.ts'
import type { ReindexRequest } from '../model/reindex.ts'
import { type GatewayEngine, openGatewayEngine } from './open-gateway-engine.ts'

const source = 'oge-source'
const dest = 'oge-dest'
const documents = 2_000

/** A way to a cluster that can be taken away and given back. */
class Bridge implements AsyncDisposable {
  readonly #to: URL
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #port = 0

  constructor(url: string) {
    this.#to = new URL(url)
  }

  async open(): Promise<this> {
    this.#server = createServer((near) => {
      const far = connect(Number(this.#to.port), this.#to.hostname)
      for (const [from, to] of [[near, far] as const, [far, near] as const]) {
        this.#sockets.add(from)
        from.pipe(to)
        from.on('error', () => to.destroy()).on('close', () => to.destroy())
      }
    })
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
    return this
  }

  async close(): Promise<void> {
    const closed = this.#server && once(this.#server, 'close')
    this.#server?.close()
    for (const socket of this.#sockets) socket.destroy()
    this.#sockets.clear()
    this.#server = undefined
    await closed
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server) await this.close()
  }
}

const skip = missingJava('elasticsearch-7.10.2') ?? missingJava('opensearch-2.19.4') ?? false

describe('a gateway that is started again', { skip }, () => {
  let sides: Sides
  let folder: string
  before(async () => {
    sides = {
      source: await openTestCluster('source', 'elasticsearch-7.10.2'),
      target: await openTestCluster('target', 'opensearch-2.19.4'),
    }
    folder = await mkdtemp(join(tmpdir(), 'indexferry-engine-'))
    await createTestIndex(sides.source, source, { settings: { refresh_interval: '7s' } })
    await bulkDocuments(sides.source, source, documentsOf(documents))
  })
  after(async () => {
    await deleteTestIndex(sides.source, source)
    await deleteTestIndex(sides.target, dest)
    await sides.source[Symbol.asyncDispose]()
    await sides.target[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  const openEngine = (local: Bridge, allowlist: readonly string[]): Promise<GatewayEngine> =>
    openGatewayEngine({
      stateFolder: folder,
      cluster: { nodes: [local.url], authentication: { kind: 'none' } },
      clusterCredentials: 'own',
      reindex: { allowlist, remotes: [], createIndex: 'fromSource', tasksMax: 5, keepFinishedMs: 60_000 },
      domains: {},
      endpoints: { host: '127.0.0.1', ports: undefined },
      warn: () => {},
    })

  function callFor(remote: Bridge): ReindexRequest {
    const call = { remote: remoteHost(remote.url), requestsPerSecond: 500 }
    return requestOf(source, dest, { source: { size: 100 }, call })
  }

  /** A task that has written something when its gateway ends. */
  async function interruptedTask(local: Bridge, remote: Bridge): Promise<string> {
    await deleteTestIndex(sides.target, dest)
    await using engine = await openEngine(local, ['127.0.0.1:*'])
    engine.resume()
    const { id } = await engine.tasks.start({
      request: callFor(remote),
      description: 'test',
      clusterHeaders: {},
      headers: {},
    })
    while ((engine.tasks.get(id)?.status.created ?? 0) === 0) await sleep(20)
    return id
  }

  async function settingsOfDest(): Promise<unknown> {
    const { body } = await sides.target.json<Record<string, { settings: { index: { refresh_interval?: string } } }>>({
      method: 'GET',
      path: indexPath(dest, '_settings'),
    })
    return body[dest]?.settings.index.refresh_interval
  }

  for (const away of ['the local cluster', 'the remote'] as const) {
    it(`waits for ${away} and takes its tasks up then`, async () => {
      const [{ url: here }, { url: there }] = [
        await useServer('opensearch-2.19.4'),
        await useServer('elasticsearch-7.10.2'),
      ]
      await using local = await new Bridge(here).open()
      await using remote = await new Bridge(there).open()
      const id = await interruptedTask(local, remote)
      const bridge = away === 'the remote' ? remote : local
      await bridge.close()
      await using engine = await openEngine(local, ['127.0.0.1:*'])
      engine.resume()
      engine.tasks.rethrottle(id, Number.POSITIVE_INFINITY)
      await sleep(500)
      assert.equal(engine.tasks.get(id)?.state, 'running')
      await bridge.open()
      const ended = await engine.tasks.wait(id, 60_000, new AbortController().signal)
      assert.equal(ended?.state, 'completed', JSON.stringify(ended))
      assert.equal(ended?.outcome?.status.created, documents)
      const { body } = await sides.target.json<{ count: number }>({ method: 'GET', path: indexPath(dest, '_count') })
      assert.equal(body.count, documents)
      assert.equal(await settingsOfDest(), '7s')
    })
  }

  it('says which settings the destination is to have when it cannot give them back', async () => {
    const { url: here } = await useServer('opensearch-2.19.4')
    const { url: there } = await useServer('elasticsearch-7.10.2')
    await using local = await new Bridge(here).open()
    await using remote = await new Bridge(there).open()
    const id = await interruptedTask(local, remote)
    const block = (isBlocked: boolean) =>
      sides.target.json({
        method: 'PUT',
        path: indexPath(dest, '_settings'),
        body: { 'index.blocks.read_only': isBlocked ? true : null },
      })
    await block(true)
    try {
      await using engine = await openEngine(local, ['127.0.0.1:*'])
      engine.resume()
      const ended = await engine.tasks.wait(id, 60_000, new AbortController().signal)
      assert.equal(ended?.state, 'failed', JSON.stringify(ended))
      assert.match(JSON.stringify(ended?.error), /is to have .*refresh_interval.*7s/)
    } finally {
      await block(false)
    }
  })

  for (const how of ['fails', 'is cancelled'] as const) {
    it(`gives the destination its settings back when a task ${how} before its remote is opened again`, async () => {
      const [{ url: here }, { url: there }] = [
        await useServer('opensearch-2.19.4'),
        await useServer('elasticsearch-7.10.2'),
      ]
      await using local = await new Bridge(here).open()
      await using remote = await new Bridge(there).open()
      const id = await interruptedTask(local, remote)
      assert.equal(await settingsOfDest(), '-1', 'the test begins with relaxed settings')
      await remote.close()
      // Taken off the list meanwhile, the remote may not be read any more.
      await using engine = await openEngine(local, how === 'fails' ? [] : ['127.0.0.1:*'])
      engine.resume()
      if (how === 'is cancelled') engine.tasks.cancel(id, 'by user request')
      const ended = await engine.tasks.wait(id, 60_000, new AbortController().signal)
      assert.equal(ended?.state, how === 'fails' ? 'failed' : 'cancelled', JSON.stringify(ended))
      assert.equal(await settingsOfDest(), '7s')
    })
  }
})
