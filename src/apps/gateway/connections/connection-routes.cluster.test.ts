// The walk-through of "Reindex data with OpenSearch Service API operations": a connection from the first call to the endpoint that
// `source.remote.host` takes, with real clusters behind proxies.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  AcceptInboundConnectionCommand,
  CreateOutboundConnectionCommand,
  DeleteInboundConnectionCommand,
  DeleteOutboundConnectionCommand,
  DescribeInboundConnectionsCommand,
  DescribeOutboundConnectionsCommand,
  OpenSearchClient,
  RejectInboundConnectionCommand,
} from '@aws-sdk/client-opensearch'
import { startConnectProxy, startSocksProxy } from '../../../../test/faults/tunnel-proxies.ts'
import { serveRoutes } from '../../../../test/gateway/serve-routes.ts'
import { missingJava, useServer } from '../../../../test/servers/servers.ts'
import { openCluster } from '../../../cluster/open-cluster.ts'
import { Connections } from '../../../engine/connections/connections.ts'
import type { Domain } from '../../../engine/connections/domain.ts'
import { openGatewayDatabase } from '../../../engine/gateway-database.ts'
import { connectionRoutes } from './connection-routes.ts'

const secure = 'opensearch-2.19.4-secure'
const plain = 'opensearch-2.19.4'
const options = { skip: missingJava(secure) ?? missingJava(plain) ?? false, timeout: 300_000 }
const credentials = { user: 'carrier', password: 'through the wall' }

/** The local domain is at hand; the remote one is called old-cluster.test, which only the proxies know. */
async function domainsOf(more: Partial<Domain> = {}): Promise<{ local: Domain; remote: Domain }> {
  const near = await useServer(plain)
  const { caFile, username = '', password = '', httpPort } = await useServer(secure)
  const shared = { owner: '111122223333', region: 'eu-west-1', proxy: undefined }
  return {
    local: { ...shared, url: near.url, authentication: undefined, tls: undefined },
    remote: {
      ...shared,
      url: `https://old-cluster.test:${httpPort}`,
      authentication: { kind: 'basic', username, password },
      tls: { caFile, serverName: 'localhost' },
      ...more,
    },
  }
}

interface Running {
  readonly client: OpenSearchClient
  readonly connections: Connections
  readonly close: () => Promise<void>
}

async function start(
  folder: string,
  { local, remote }: { local: Domain; remote: Domain },
  ports?: readonly [number, number],
): Promise<Running> {
  const database = openGatewayDatabase(folder)
  const domains = { 'local-domain-name': local, 'remote-domain-name': remote }
  const endpoints = { host: '127.0.0.1', ports }
  const log = () => {}
  const connections = new Connections({ database, domains, endpoints, log })
  connections.resume()
  const server = await serveRoutes(connectionRoutes({ connections, keys: [], log }))
  const identity = { accessKeyId: 'anybody', secretAccessKey: 'anything' }
  const client = new OpenSearchClient({ endpoint: server.url, region: 'eu-west-1', credentials: identity })
  const close = async () => {
    client.destroy()
    await server[Symbol.asyncDispose]()
    await connections[Symbol.asyncDispose]()
    database[Symbol.dispose]()
  }
  return { client, connections, close }
}

function folderFor(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'indexferry-connections-'))
  context.after(() => rmSync(folder, { recursive: true }))
  return folder
}

const domain = (DomainName: string) => ({
  AWSDomainInformation: { DomainName, OwnerId: '111122223333', Region: 'eu-west-1' },
})

const request = (ConnectionAlias: string) =>
  new CreateOutboundConnectionCommand({
    ConnectionAlias,
    ConnectionMode: 'VPC_ENDPOINT',
    LocalDomainInfo: domain('local-domain-name'),
    RemoteDomainInfo: domain('remote-domain-name'),
  })

async function outbound({ client, connections }: Running, id: string | undefined) {
  await connections.settled()
  const Filters = [{ Name: 'connection-id', Values: [id ?? ''] }]
  const { Connections: [found] = [] } = await client.send(new DescribeOutboundConnectionsCommand({ Filters }))
  return found
}

/** As `_reindex` will do it. */
async function askThrough({ connections }: Running, name: string): Promise<string> {
  const { address, port, url, tls, authentication } = connections.lookupEndpoint(name) ?? assert.fail(name)
  const via = { host: address, port }
  await using cluster = await openCluster('source', { nodes: [url], via, tls, authentication })
  return cluster.version.number
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('close', () => socket.destroy()).setTimeout(5_000, () => socket.destroy())
    socket.once('connect', () => socket.destroy())
  })
}

for (const [kind, startProxy] of [
  ['CONNECT', startConnectProxy],
  ['SOCKS5', startSocksProxy],
] as const) {
  test(`create, describe, accept, use over a restart, delete; through a ${kind} proxy`, options, async (context) => {
    await using proxy = await startProxy({ hosts: { 'old-cluster.test': '127.0.0.1' }, credentials })
    const url = new URL(proxy.url)
    url.username = credentials.user
    url.password = credentials.password
    const folder = folderFor(context)
    const domains = await domainsOf({ proxy: url.href })
    const first = await start(folder, domains)
    const { ConnectionId } = await first.client.send(request('remote-reindex-example'))

    const pending = await outbound(first, ConnectionId)
    assert.deepEqual(pending?.ConnectionStatus, { StatusCode: 'PENDING_ACCEPTANCE' })
    assert.equal(pending?.ConnectionProperties?.Endpoint, undefined)
    const { Connections: inbound = [] } = await first.client.send(new DescribeInboundConnectionsCommand({}))
    assert.deepEqual(inbound, [
      {
        LocalDomainInfo: domain('local-domain-name'),
        RemoteDomainInfo: domain('remote-domain-name'),
        ConnectionId,
        ConnectionMode: 'VPC_ENDPOINT',
        ConnectionStatus: { StatusCode: 'PENDING_ACCEPTANCE' },
      },
    ])
    const accepted = await first.client.send(new AcceptInboundConnectionCommand({ ConnectionId }))
    assert.equal(accepted.Connection?.ConnectionStatus?.StatusCode, 'APPROVED')
    const active = await outbound(first, ConnectionId)
    assert.equal(active?.ConnectionStatus?.StatusCode, 'ACTIVE')
    const name = active?.ConnectionProperties?.Endpoint ?? assert.fail('no endpoint')
    assert.match(name, /^vpc-remote-reindex-example-cc-[0-9a-f]{20}\.eu-west-1\.indexferry\.internal$/)
    assert.equal(await askThrough(first, name), '2.19.4')
    assert.equal(first.connections.lookupEndpoint(name.replace('example', 'other')), undefined)
    const before = first.connections.lookupEndpoint(name)
    await first.close()
    assert.equal(await isListening(before?.port ?? 0), false)

    const second = await start(folder, domains)
    const again = await outbound(second, ConnectionId)
    assert.deepEqual(again, active)
    assert.equal(await askThrough(second, name), '2.19.4')
    assert.equal(second.connections.lookupEndpoint(name)?.port, before?.port)
    const deleting = await second.client.send(new DeleteInboundConnectionCommand({ ConnectionId }))
    assert.equal(deleting.Connection?.ConnectionStatus?.StatusCode, 'DELETING')
    assert.equal((await outbound(second, ConnectionId))?.ConnectionStatus?.StatusCode, 'DELETED')
    assert.equal(second.connections.lookupEndpoint(name), undefined)
    assert.equal(await isListening(before?.port ?? 0), false)
    assert.ok(new Set(proxy.asked).size === 1 && proxy.asked[0]?.startsWith('old-cluster.test:'), String(proxy.asked))
    await second.close()
  })
}

test('what was under way when the gateway ended goes on at the next start', options, async (context) => {
  const folder = folderFor(context)
  const { url: secureUrl } = await useServer(secure)
  const domains = await domainsOf({ url: secureUrl, tls: { verify: false } })
  const first = await start(folder, domains)
  // Ended while it is validated.
  const { ConnectionId } = await first.client.send(request('interrupted'))
  await first.close()
  const second = await start(folder, domains)
  assert.equal((await outbound(second, ConnectionId))?.ConnectionStatus?.StatusCode, 'PENDING_ACCEPTANCE')
  // Ended between the acceptance and the endpoint.
  await second.client.send(new AcceptInboundConnectionCommand({ ConnectionId }))
  await second.close()
  const third = await start(folder, domains)
  const active = await outbound(third, ConnectionId)
  assert.equal(active?.ConnectionStatus?.StatusCode, 'ACTIVE')
  assert.equal(await askThrough(third, active?.ConnectionProperties?.Endpoint ?? ''), '2.19.4')
  await third.close()
})

test(
  'without a free port the connection waits, and says why; it can be deleted meanwhile',
  options,
  async (context) => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    context.after(() => holder.close())
    const { port } = holder.address() as AddressInfo
    const { url: secureUrl, caFile } = await useServer(secure)
    const domains = await domainsOf({ url: secureUrl, tls: { caFile } })
    const running = await start(folderFor(context), domains, [port, port])
    const { client, connections } = running
    const { ConnectionId: first } = await client.send(request('first'))
    await connections.settled()
    await client.send(new AcceptInboundConnectionCommand({ ConnectionId: first }))
    let message: string | undefined
    while (message === undefined) {
      const { Connections: [found] = [] } = await client.send(new DescribeOutboundConnectionsCommand({}))
      assert.match(found?.ConnectionStatus?.StatusCode ?? '', /^(APPROVED|PROVISIONING)$/)
      message = found?.ConnectionStatus?.Message
    }
    assert.match(message, /no port from \d+ to \d+ is free/)
    holder.close()
    await once(holder, 'close')
    const active = await outbound(running, first)
    assert.deepEqual(active?.ConnectionStatus, { StatusCode: 'ACTIVE' })
    assert.equal(connections.lookupEndpoint(active?.ConnectionProperties?.Endpoint ?? '')?.port, port)

    // The port is held by the first one now.
    const { ConnectionId } = await client.send(request('second'))
    await connections.settled()
    await client.send(new AcceptInboundConnectionCommand({ ConnectionId }))
    await client.send(new DeleteOutboundConnectionCommand({ ConnectionId }))
    assert.equal((await outbound(running, ConnectionId))?.ConnectionStatus?.StatusCode, 'DELETED')
    await running.close()
  },
)

test('a rejected connection, and each side that clears it away', options, async (context) => {
  const { url: secureUrl, caFile } = await useServer(secure)
  // Without credentials in the configuration: each request brings its own.
  const domains = await domainsOf({ url: secureUrl, authentication: undefined, tls: { caFile } })
  const running = await start(folderFor(context), domains)
  const { client } = running
  const { ConnectionId } = await client.send(request('unwanted'))
  assert.equal((await outbound(running, ConnectionId))?.ConnectionStatus?.StatusCode, 'PENDING_ACCEPTANCE')
  const rejecting = await client.send(new RejectInboundConnectionCommand({ ConnectionId }))
  assert.equal(rejecting.Connection?.ConnectionStatus?.StatusCode, 'REJECTING')
  assert.equal((await outbound(running, ConnectionId))?.ConnectionStatus?.StatusCode, 'REJECTED')
  await client.send(new DeleteOutboundConnectionCommand({ ConnectionId }))
  assert.equal((await outbound(running, ConnectionId))?.ConnectionStatus?.StatusCode, 'DELETED')
  const { Connections: [inbound] = [] } = await client.send(new DescribeInboundConnectionsCommand({}))
  assert.equal(inbound?.ConnectionStatus?.StatusCode, 'REJECTED')
  await running.close()
})

test(
  'a domain that is there but does not let us in fails the validation, with the reason',
  options,
  async (context) => {
    await using proxy = await startConnectProxy({ hosts: { 'old-cluster.test': '127.0.0.1' }, credentials })
    const { caFile, url: secureUrl } = await useServer(secure)
    const wrong = { kind: 'basic', username: 'admin', password: 'no such password' } as const
    const withProxy = proxy.url.replace('//', `//${credentials.user}:${encodeURIComponent(credentials.password)}@`)
    for (const [change, reason] of [
      [{ proxy: withProxy, tls: { caFile } }, /certificate is not for old-cluster\.test/],
      [
        { proxy: proxy.url },
        /the proxy http:\S+ does not lead to old-cluster\.test:\d+: it wants other credentials \(407\)/,
      ],
      [{ url: secureUrl, tls: { caFile }, authentication: wrong }, /credentials/],
      [{ url: secureUrl, tls: undefined }, /certificate is not signed by a trusted CA/],
      [{ proxy: withProxy, url: 'https://other.invalid:443' }, /the proxy .* it answered 502 Bad Gateway/],
    ] as const) {
      const running = await start(folderFor(context), await domainsOf(change))
      const { ConnectionId } = await running.client.send(request('failing'))
      const { ConnectionStatus: status } = (await outbound(running, ConnectionId)) ?? {}
      assert.equal(status?.StatusCode, 'VALIDATION_FAILED')
      assert.match(status?.Message ?? '', /^The cluster of the remote domain remote-domain-name is not reachable: /)
      assert.match(status?.Message ?? '', reason)
      assert.ok(!/no such password|through the wall/.test(status?.Message ?? ''))
      await running.close()
    }
  },
)
