// A thousand requests that no client should send: each is answered with a reason, by the gateway or as the cluster itself answers
// it, and the gateway is as it was afterwards.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { connectionRoutes } from '../../src/apps/gateway/connections/connection-routes.ts'
import { reindexRoutes } from '../../src/apps/gateway/reindex/reindex-route.ts'
import { startGateway } from '../../src/apps/gateway/start-gateway.ts'
import type { GatewayConfig } from '../../src/config/gateway/gateway-config.ts'
import { Connections } from '../../src/engine/connections/connections.ts'
import { openGatewayDatabase } from '../../src/engine/gateway-database.ts'
import { createRemoteOpener } from '../../src/engine/remote/open-remote.ts'
import { malformedRequests } from '../documents/malformed-requests.ts'
import { exchangeRaw, type RawAnswer } from '../documents/raw-exchange.ts'
import type { MalformedRequest } from '../documents/request-bytes.ts'
import { missingJava, useServer } from '../servers/servers.ts'

const server = 'opensearch-2.19.4'
const options = { skip: missingJava(server) ?? false, timeout: 300_000 }
const version = { flavour: 'opensearch', number: '2.19.4', major: 2, minor: 19, patch: 4 } as const
const seed = Number(process.env.INDEXFERRY_TEST_SEED ?? 20_261_121)
const count = 1_000
const atOnce = 16
const waitMs = 20_000

function configFor(url: string, stateFolder: string): GatewayConfig {
  return {
    listen: { host: '127.0.0.1', port: 0 },
    tls: undefined,
    cluster: { nodes: [url] },
    access: { clusterCredentials: 'caller', users: [], apiKeys: [] },
    limits: {
      ownRequestBytesMax: 10 * 1024 * 1024,
      headerBytesMax: 16 * 1024,
      connectionsMax: 1_000,
      slowClientMs: 1_000,
      clusterSilenceMs: undefined,
    },
    reindex: { allowlist: [], createIndex: 'fromSource', tasksMax: 2, keepFinishedMs: 60_000, remotes: [] },
    domains: {},
    connections: { keys: [], endpoints: { host: '127.0.0.1', ports: undefined } },
    replication: { backend: 'indexferry' },
    stateFolder,
  }
}

/** With an empty allow-list, nothing of all this may become a task. */
const noTasks = {
  start: () => assert.fail('a malformed request became a task'),
  wait: () => assert.fail('a task was waited for'),
}

async function startTestGateway(url: string) {
  const folder = mkdtempSync(join(tmpdir(), 'indexferry-malformed-'))
  const log: string[] = []
  const write = (line: string) => log.push(line)
  const config = configFor(url, folder)
  const database = openGatewayDatabase(folder)
  const connections = new Connections({ database, domains: {}, endpoints: config.connections.endpoints, log: write })
  const remotes = createRemoteOpener({ config: config.reindex, local: () => version })
  const routes = [
    ...reindexRoutes({ server: () => version, tasks: noTasks, remotes }),
    ...connectionRoutes({ connections, keys: [], log: write }),
  ]
  const gateway = await startGateway(config, { write, warn: write, routes })
  return {
    url: gateway.url,
    log,
    async [Symbol.asyncDispose]() {
      await gateway.close()
      await connections[Symbol.asyncDispose]()
      database[Symbol.dispose]()
      rmSync(folder, { recursive: true })
    },
  }
}

test(`${count} malformed requests, seed ${seed}`, options, async () => {
  const { url } = await useServer(server)
  await using gateway = await startTestGateway(url)
  const before = await documents(url)
  const requests = malformedRequests(seed, count)
  assert.deepEqual(malformedRequests(seed, count), requests)
  const statuses = new Map<number, number>()
  const complaints: string[] = []
  const work = requests.values()
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const request of work) {
        const answer = await exchangeRaw(gateway.url, request, waitMs)
        statuses.set(answer?.status ?? 0, (statuses.get(answer?.status ?? 0) ?? 0) + 1)
        const complaint = isRefusal(request, answer) ? undefined : await differsFromCluster(url, request, answer)
        if (complaint) complaints.push(`${request.what}: ${complaint}`)
      }
    }),
  )
  const seen = [...statuses].map(([status, times]) => `${times} × ${status}`).join(', ')
  assert.deepEqual(complaints, [], seen)
  // Most are refused for what they are, and not for one thing that is wrong with all of them.
  assert.ok((statuses.get(400) ?? 0) > count / 2, seen)
  assert.deepEqual(
    gateway.log.filter((line) => /defect|INTERNAL/.test(line)),
    [],
  )
  await isAsBefore(gateway.url, url, before)
})

/** 4xx with a reason; who goes away in the middle may get nothing. */
function isRefusal(request: MalformedRequest, answer: RawAnswer | undefined): boolean {
  if (!answer) return request.ends !== 'complete'
  return answer.status >= 400 && answer.status < 500 && reasonIn(answer) !== ''
}

/** As the servers say it, in JSON or YAML, or as Amazon does. */
function reasonIn({ status, body }: RawAnswer): string {
  // Of Node's own; its status says all.
  if (status === 417) return 'expectation failed'
  try {
    const { error, message, Message = message } = JSON.parse(body) as Record<string, string | { reason?: string }>
    const reason = typeof error === 'object' ? error.reason : (error ?? Message)
    return typeof reason === 'string' ? reason : ''
  } catch {
    return /reason: *"?(.+)/.exec(body)?.[1] ?? ''
  }
}

/** What the cluster answers in the same way is its business. */
async function differsFromCluster(
  url: string,
  request: MalformedRequest,
  answer: RawAnswer | undefined,
): Promise<string | undefined> {
  const direct = await exchangeRaw(url, request, waitMs).catch(() => undefined)
  if (answer?.status === direct?.status) return undefined
  const shown = (one: RawAnswer | undefined) => (one ? `${one.status} ${one.body.slice(0, 300)}` : 'no answer')
  return `the gateway: ${shown(answer)}; the cluster: ${shown(direct)}`
}

async function documents(url: string): Promise<string> {
  const answer = await fetch(`${url}/_cat/indices/fuzz*?h=index,docs.count&format=json`)
  return await answer.text()
}

async function isAsBefore(gateway: string, cluster: string, before: string): Promise<void> {
  for (const path of ['/', '/_cluster/health?filter_path=status', '/_cat/indices/fuzz*?format=json', '/_bogus/x/y/z']) {
    // The health may change between the two by what another test does.
    for (let tries = 1; ; tries++) {
      const answers = await Promise.all([fetch(gateway + path), fetch(cluster + path)])
      const [through, direct] = await Promise.all(answers.map(async (each) => [each.status, await each.text()]))
      if (tries < 10 && !isDeepStrictEqual(through, direct)) continue
      assert.deepEqual(through, direct, path)
      break
    }
  }
  assert.equal(await documents(gateway), before)
  const body = JSON.stringify({
    source: { remote: { host: 'https://old.example.com:443' }, index: 'a' },
    dest: { index: 'b' },
  })
  const refused = await fetch(`${gateway}/_reindex`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  })
  const { error } = (await refused.json()) as { error: { type: string; reason: string } }
  assert.deepEqual(
    { status: refused.status, type: error.type, reason: error.reason },
    {
      status: 400,
      type: 'illegal_argument_exception',
      reason: '[old.example.com:443] not allowlisted in reindex.remote.allowlist',
    },
  )
}
