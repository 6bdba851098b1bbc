// The JavaScript client does through the gateway what it does against the server itself.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Client, type ClientOptions } from '@opensearch-project/opensearch'
import { runGateway } from '../../src/apps/gateway/run-gateway.ts'
import type { RunningGateway } from '../../src/apps/gateway/start-gateway.ts'
import { cancelTasks, clientCalls } from '../gateway/client-calls.ts'
import { testConfig } from '../gateway/gateway-in-front.ts'
import { missingJava, useServer } from '../servers/servers.ts'

/** Counts the connections that it opens. */
class CountingAgent extends Agent {
  opened = 0
  override createConnection(...given: Parameters<Agent['createConnection']>): ReturnType<Agent['createConnection']> {
    this.opened++
    return super.createConnection(...given)
  }
}

const ways: Readonly<Record<string, Partial<ClientOptions>>> = {
  plain: {},
  compressed: { compression: 'gzip', suggestCompression: true },
}

const chance = new Set([
  'took',
  'total_time',
  '_seq_no',
  '_primary_term',
  'index_uuid',
  'max_score',
  '_score',
  'timestamp',
  'epoch',
])

/** Without times, node ids and the difference of the two prefixes. */
const comparable = (value: unknown, prefix: string): unknown =>
  JSON.parse(
    JSON.stringify(value ?? null, (key, member) =>
      chance.has(key) || (key === 'throttled_millis' && member > 0) ? undefined : member,
    ).replaceAll(prefix, 'PREFIX'),
  )

for (const name of ['opensearch-2.19.4', 'opensearch-3.8.0', 'opensearch-1.3.14'] as const) {
  describe(`the JavaScript client in front of ${name}`, { skip: missingJava(name) ?? false, timeout: 120_000 }, () => {
    let folder: string
    let gateway: RunningGateway
    let direct: string

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'indexferry-clients-'))
      direct = (await useServer(name)).url
      const config = testConfig({ nodes: [direct] }, { reindex: { allowlist: ['127.0.0.1:*'] } })
      const write = () => {}
      gateway = await runGateway({ ...config, stateFolder: folder }, { write, warn: write, version: '0' })
    })
    after(async () => {
      await gateway?.close()
      rmSync(folder, { recursive: true })
    })

    for (const [way, options] of Object.entries(ways)) {
      test(way, async (t) => {
        const agents = [new CountingAgent({ keepAlive: true }), new CountingAgent({ keepAlive: true })] as const
        const clientTo = (node: string, agent: Agent) =>
          new Client({ node, agent: () => agent, maxRetries: 0, ...options })
        const clients = [clientTo(direct, agents[0]), clientTo(gateway.url, agents[1])] as const
        const prefixes = [`clients-${process.pid}-${way}-a`, `clients-${process.pid}-${way}-b`] as const
        const resultOf = async (which: 0 | 1, call: (typeof clientCalls)[string]) => {
          const [client, prefix] = [clients[which], prefixes[which]]
          return comparable(await call({ client, prefix, remoteHost: direct }), prefix)
        }
        for (const [what, call] of Object.entries(clientCalls)) {
          await t.test(what, async () => {
            const [theirs, ours] = await Promise.all([resultOf(0, call), resultOf(1, call)])
            assert.deepEqual(ours, theirs)
          })
        }
        const [there, here] = agents
        assert.ok(
          here.opened <= there.opened + 1,
          `${here.opened} connections to the gateway, ${there.opened} to the server`,
        )
        for (const which of [0, 1] as const) await cancelTasks({ client: clients[which], prefix: prefixes[which] })
        await clients[0].indices.delete({ index: `clients-${process.pid}-${way}-*`, expand_wildcards: 'all' })
        for (const client of clients) await client.close()
        for (const agent of agents) agent.destroy()
      })
    }
  })
}
