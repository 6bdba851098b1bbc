// The connection API as Amazon's own clients see it: shapes, pages, errors. Connections here fail their validation, as no cluster is
// there; connection-routes.cluster.test.ts has the others.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import * as es from '@aws-sdk/client-elasticsearch-service'
import * as os from '@aws-sdk/client-opensearch'
import { serveRoutes } from '../../../../test/gateway/serve-routes.ts'
import { Connections, type ConnectionsOptions } from '../../../engine/connections/connections.ts'
import { openGatewayDatabase } from '../../../engine/gateway-database.ts'
import type { AccessKey } from './check-signature.ts'
import { connectionRoutes } from './connection-routes.ts'

const key = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const owner = '111122223333'
const region = 'eu-west-1'
const nobody = { owner, region, url: 'http://127.0.0.1:1', authentication: undefined, tls: undefined, proxy: undefined }
const domains = { 'new-domain': nobody, 'old-domain': nobody }

interface Setting {
  readonly keys?: readonly AccessKey[]
  readonly connectionsMax?: number
  readonly domains?: ConnectionsOptions['domains']
}

async function start(context: TestContext, { keys = [], connectionsMax, ...setting }: Setting = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'indexferry-connections-'))
  const database = openGatewayDatabase(folder)
  const connections = new Connections({
    database,
    domains: setting.domains ?? domains,
    endpoints: { host: '127.0.0.1', ports: undefined },
    log: () => {},
    connectionsMax,
  })
  const server = await serveRoutes(connectionRoutes({ connections, keys, log: (defect) => assert.fail(defect) }))
  const options = { endpoint: server.url, region, credentials: key, maxAttempts: 1 }
  const client = new os.OpenSearchClient(options)
  const older = new es.ElasticsearchServiceClient(options)
  context.after(async () => {
    client.destroy()
    older.destroy()
    await server[Symbol.asyncDispose]()
    await connections[Symbol.asyncDispose]()
    database[Symbol.dispose]()
    rmSync(folder, { recursive: true })
  })
  return { client, older, connections, url: server.url, options }
}

const domain = (DomainName: string, more = {}) => ({ AWSDomainInformation: { DomainName, ...more } })

const create = (ConnectionAlias: string, more: Partial<os.CreateOutboundConnectionRequest> = {}) =>
  new os.CreateOutboundConnectionCommand({
    LocalDomainInfo: domain('new-domain'),
    RemoteDomainInfo: domain('old-domain'),
    ConnectionAlias,
    ...more,
  })

const isException = (type: unknown, status: number, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof (type as typeof os.OpenSearchServiceException), String(error))
  assert.equal(error.$metadata.httpStatusCode, status)
  assert.match(error.message, message)
  assert.match(error.$metadata.requestId ?? '', /^[0-9a-f-]{36}$/)
  return true
}

const named = (name: string, message: RegExp) => (error: unknown) => {
  assert.equal((error as Error).name, name)
  assert.match((error as Error).message, message)
  return true
}

test('a connection is made in the state VALIDATING, with the owner and region of its domains', async (context) => {
  const { client } = await start(context)
  const { $metadata, ...made } = await client.send(create('first', { ConnectionMode: 'VPC_ENDPOINT' }))
  assert.equal($metadata.httpStatusCode, 200)
  assert.match(made.ConnectionId ?? '', /^[a-z][a-z0-9-]{9,255}$/)
  const { ConnectionId } = made
  assert.deepEqual(made, {
    LocalDomainInfo: domain('new-domain', { OwnerId: owner, Region: region }),
    RemoteDomainInfo: domain('old-domain', { OwnerId: owner, Region: region }),
    ConnectionAlias: 'first',
    ConnectionId,
    ConnectionMode: 'VPC_ENDPOINT',
    ConnectionStatus: { StatusCode: 'VALIDATING' },
    ConnectionProperties: { CrossClusterSearch: { SkipUnavailable: 'DISABLED' } },
  })
})

for (const [what, more, reason] of [
  ['an unknown domain', { RemoteDomainInfo: domain('elsewhere') }, /^The remote domain elsewhere is unknown/],
  [
    'another owner',
    { RemoteDomainInfo: domain('old-domain', { OwnerId: '999999999999' }) },
    /not belong to the owner 9{12}/,
  ],
  [
    'another region',
    { LocalDomainInfo: domain('new-domain', { Region: 'us-east-1' }) },
    /^The local .* not in the region us-east-1/,
  ],
  ['the same domain', { RemoteDomainInfo: domain('new-domain') }, /^The local and the remote domain are the same/],
  ['a cluster that is not there', {}, /^The cluster of the remote domain old-domain is not reachable: .*refused/],
] as const) {
  test(`${what}: VALIDATION_FAILED, with the reason, and nothing to see for the other side`, async (context) => {
    const { client, connections } = await start(context)
    await client.send(create('failing', more))
    await connections.settled()
    const { Connections: [connection] = [] } = await client.send(new os.DescribeOutboundConnectionsCommand({}))
    assert.equal(connection?.ConnectionStatus?.StatusCode, 'VALIDATION_FAILED')
    assert.match(connection?.ConnectionStatus?.Message ?? '', reason)
    const inbound = await client.send(new os.DescribeInboundConnectionsCommand({}))
    assert.deepEqual(inbound.Connections, [])
    const { ConnectionId } = connection ?? {}
    await assert.rejects(
      client.send(new os.AcceptInboundConnectionCommand({ ConnectionId })),
      isException(os.ResourceNotFoundException, 409, /no inbound connection with the id/),
    )
  })
}

test('every error is the exception that the SDK knows', async (context) => {
  const { client, connections } = await start(context, { connectionsMax: 2 })
  const { ConnectionId } = await client.send(create('taken'))
  await assert.rejects(
    client.send(create('taken')),
    isException(os.ResourceAlreadyExistsException, 409, /alias taken exists already for the domain new-domain/),
  )
  await client.send(create('second'))
  await assert.rejects(
    client.send(create('third')),
    isException(os.LimitExceededException, 409, /as many as are allowed/),
  )
  await connections.settled()
  for (const send of [
    () => client.send(new os.DeleteOutboundConnectionCommand({ ConnectionId: 'cc-unknown-id' })),
    () => client.send(new os.DeleteInboundConnectionCommand({ ConnectionId: 'cc-unknown-id' })),
    () => client.send(new os.RejectInboundConnectionCommand({ ConnectionId: 'cc-unknown-id' })),
  ]) {
    await assert.rejects(
      send(),
      isException(os.ResourceNotFoundException, 409, /there is no (out|in)bound connection/i),
    )
  }
  const deleting = await client.send(new os.DeleteOutboundConnectionCommand({ ConnectionId }))
  assert.equal(deleting.Connection?.ConnectionStatus?.StatusCode, 'DELETING')
  await connections.settled()
  await assert.rejects(
    client.send(new os.DeleteOutboundConnectionCommand({ ConnectionId })),
    isException(os.DisabledOperationException, 409, /state DELETED/),
  )
  // Its alias is free again, and it does not count any more.
  await client.send(create('taken'))
})

test('values that Amazon would refuse are refused in its words', async (context) => {
  const { client } = await start(context)
  const long = 'x'.repeat(101)
  for (const [command, message] of [
    [
      create('1st'),
      /^1 validation error detected: Value '1st' at 'connectionAlias' failed to satisfy constraint: Member must satisfy regular expression pattern: \[a-zA-Z\]\[a-zA-Z0-9\\-\\_\]\+$/,
    ],
    [create(long), /length less than or equal to 100/],
    [create('x'), /^2 validation errors detected: .*length greater than or equal to 2; .*pattern/],
    [
      create('ok', { LocalDomainInfo: domain('Upper') }),
      /'Upper' at 'localDomainInfo\.aWSDomainInformation\.domainName'/,
    ],
    [create('ok', { LocalDomainInfo: {} }), /Value null at 'localDomainInfo\.aWSDomainInformation'/],
    [
      create('ok', { RemoteDomainInfo: domain('old-domain', { OwnerId: '12' }) }),
      /remoteDomainInfo.*ownerId.*length greater than or equal to 12/,
    ],
    [create('ok', { ConnectionMode: 'TUNNEL' as 'DIRECT' }), /enum value set: \[DIRECT, VPC_ENDPOINT\]/],
    [create('ok', { ConnectionProperties: { Endpoint: 'https://x' } }), /connectionProperties\.endpoint/],
    [
      create('ok', { ConnectionProperties: { CrossClusterSearch: { SkipUnavailable: 'MAYBE' as 'ENABLED' } } }),
      /skipUnavailable.*\[ENABLED, DISABLED\]/,
    ],
    [new os.DescribeOutboundConnectionsCommand({ MaxResults: 101 }), /'maxResults'.*value less than or equal to 100/],
    [
      new os.DescribeInboundConnectionsCommand({ Filters: [{ Name: 'connection-status', Values: ['ACTIVE'] }] }),
      /'connection-status' at 'filters\.1\.member\.name'/,
    ],
    [
      new os.DescribeInboundConnectionsCommand({ Filters: [{ Name: 'connection-id', Values: [] }] }),
      /'filters\.1\.member\.values'/,
    ],
    [
      new os.DescribeInboundConnectionsCommand({ Filters: [{ Name: '__proto__', Values: ['a b'] }] }),
      /^2 validation errors/,
    ],
    [new os.DeleteOutboundConnectionCommand({ ConnectionId: 'UPPER-CASE-ID' }), /'UPPER-CASE-ID' at 'connectionId'/],
  ] as const) {
    await assert.rejects(
      client.send(command as ReturnType<typeof create>),
      isException(os.ValidationException, 400, message),
    )
  }
})

test('bodies that are no JSON, and members of the wrong type, are serialization errors; unknown members are ignored', async (context) => {
  const { url } = await start(context)
  const path = '/2021-01-01/opensearch/cc/outboundConnection'
  const post = async (body: string, to = path) => {
    const response = await fetch(url + to, { method: 'POST', body })
    const exception = response.headers.get('x-amzn-errortype')
    return { status: response.status, exception, ...((await response.json()) as { message?: string }) }
  }
  for (const body of [
    '{',
    '[]',
    'null',
    '7',
    '{"ConnectionAlias": 7}',
    '{"LocalDomainInfo": []}',
    '{"LocalDomainInfo": "a"}',
  ]) {
    const { status, exception, message } = await post(body)
    assert.deepEqual([status, exception], [400, 'SerializationException'], body)
    assert.match(message ?? '', /The (body|member) .* is not/)
  }
  const wrong = ['{"MaxResults":"5"}', '{"MaxResults":1.5}', '{"Filters":{}}', '{"Filters":[7]}', '{"NextToken":7}']
  for (const body of wrong) assert.equal((await post(body, `${path}/search`)).exception, 'SerializationException', body)
  assert.equal((await post('', `${path}/search`)).status, 200)
  assert.equal((await post('{"Unknown":[{}],"Filters":null}', `${path}/search`)).status, 200)
  assert.equal((await post('{}')).exception, 'ValidationException')
  assert.equal((await post(' '.repeat(1 << 21))).exception, 'RequestEntityTooLargeException')
})

test('what the API does not know is refused, and not passed on', async (context) => {
  const { url } = await start(context)
  for (const [method, path] of [
    ['GET', '/2021-01-01/opensearch/cc/outboundConnection'],
    ['POST', '/2021-01-01/opensearch/cc/outboundConnection/a/accept'],
    ['GET', '/2015-01-01/es/ccs/anything'],
    ['DELETE', '/2015-01-01/es/ccs/inboundConnection/a/accept'],
  ] as const) {
    const response = await fetch(url + path, { method })
    assert.deepEqual([response.status, response.headers.get('x-amzn-errortype')], [404, 'UnknownOperationException'])
  }
  // An index may be named after a day.
  assert.equal((await fetch(`${url}/2021-01-01/_search`)).status, 418)
})

test('lists come in pages; a token of another list, or a changed one, is refused', async (context) => {
  const { client } = await start(context)
  const aliases = Array.from({ length: 7 }, (_, at) => `alias-${at}`)
  for (const alias of aliases) await client.send(create(alias))
  const seen: string[][] = []
  for await (const page of os.paginateDescribeOutboundConnections({ client, pageSize: 3 }, {})) {
    seen.push((page.Connections ?? []).map(({ ConnectionAlias = '' }) => ConnectionAlias))
  }
  assert.deepEqual(seen, [aliases.slice(0, 3), aliases.slice(3, 6), aliases.slice(6)])
  const { NextToken = '' } = await client.send(new os.DescribeOutboundConnectionsCommand({ MaxResults: 3 }))
  const changed = (NextToken.startsWith('A') ? 'B' : 'A') + NextToken.slice(1)
  const Filters = [{ Name: 'connection-id', Values: ['cc-other'] }]
  for (const command of [
    new os.DescribeOutboundConnectionsCommand({ NextToken: changed }),
    new os.DescribeOutboundConnectionsCommand({ NextToken: 'foreign' }),
    new os.DescribeOutboundConnectionsCommand({ NextToken, Filters }),
    new os.DescribeInboundConnectionsCommand({ NextToken }),
  ]) {
    await assert.rejects(
      client.send(command as os.DescribeOutboundConnectionsCommand),
      isException(os.InvalidPaginationTokenException, 400, /token of the page is not valid/),
    )
  }
})

test('filters: any of the values, all of the filters', async (context) => {
  const { client } = await start(context, { domains: { ...domains, third: { ...nobody, owner: '444455556666' } } })
  const { ConnectionId: first = '' } = await client.send(create('first'))
  const { ConnectionId: second = '' } = await client.send(create('second', { RemoteDomainInfo: domain('third') }))
  const find = async (...filters: [string, string[]][]) => {
    const Filters = filters.map(([Name, Values]) => ({ Name, Values }))
    const { Connections: found = [] } = await client.send(new os.DescribeOutboundConnectionsCommand({ Filters }))
    return found.map(({ ConnectionId }) => ConnectionId)
  }
  assert.deepEqual(await find(['connection-id', [second, first]]), [first, second])
  assert.deepEqual(await find(['connection-id', [second]]), [second])
  assert.deepEqual(await find(['remote-domain-info.owner-id', ['444455556666']]), [second])
  assert.deepEqual(await find(['local-domain-info.domain-name', ['new-domain', 'none']]), [first, second])
  assert.deepEqual(await find(['remote-domain-info.region', ['us-east-1']]), [])
  assert.deepEqual(await find(['connection-id', [first]], ['remote-domain-info.domain-name', ['third']]), [])
})

test('deleted connections are seen for 15 days', async (context) => {
  context.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const { connections } = await start(context)
  const side = (domainName: string) => ({ domainName, ownerId: undefined, region: undefined })
  const asked = {
    alias: 'gone',
    local: side('nowhere'),
    remote: side('nowhere'),
    mode: 'DIRECT',
    skipUnavailable: 'DISABLED',
  } as const
  const { id } = connections.create(asked)
  await connections.settled()
  connections.deleteOutbound(id)
  await connections.settled()
  const states = () => connections.list('outbound', [], 100, undefined).connections.map(({ outbound }) => outbound)
  context.mock.timers.tick(15 * 86_400_000 - 1)
  assert.deepEqual(states(), ['DELETED'])
  context.mock.timers.tick(1)
  assert.deepEqual(states(), [])
  connections.create(asked)
  assert.throws(() => connections.deleteOutbound(id), { code: 'CONNECTION_UNKNOWN' })
})

test('the older version has the same connections in its own shapes', async (context) => {
  const { client, older, connections } = await start(context)
  const info = (DomainName: string) => ({ DomainName, OwnerId: owner, Region: region })
  const made = await older.send(
    new es.CreateOutboundCrossClusterSearchConnectionCommand({
      SourceDomainInfo: { DomainName: 'new-domain' },
      DestinationDomainInfo: info('old-domain'),
      ConnectionAlias: 'older',
    }),
  )
  const { $metadata, CrossClusterSearchConnectionId = '', ...rest } = made
  assert.deepEqual(rest, {
    SourceDomainInfo: info('new-domain'),
    DestinationDomainInfo: info('old-domain'),
    ConnectionAlias: 'older',
    ConnectionStatus: { StatusCode: 'VALIDATING' },
  })
  await connections.settled()
  const Filters = [{ Name: 'cross-cluster-search-connection-id', Values: [CrossClusterSearchConnectionId] }]
  const { CrossClusterSearchConnections: found = [] } = await older.send(
    new es.DescribeOutboundCrossClusterSearchConnectionsCommand({ Filters }),
  )
  assert.equal(found[0]?.ConnectionStatus?.StatusCode, 'VALIDATION_FAILED')
  const { Connections: newer = [] } = await client.send(new os.DescribeOutboundConnectionsCommand({}))
  assert.equal(newer[0]?.ConnectionId, CrossClusterSearchConnectionId)
  assert.equal(newer[0]?.ConnectionMode, 'DIRECT')

  const tooLong = {
    SourceDomainInfo: info('new-domain'),
    DestinationDomainInfo: info('old-domain'),
    ConnectionAlias: 'x'.repeat(21),
  }
  await assert.rejects(
    older.send(new es.CreateOutboundCrossClusterSearchConnectionCommand(tooLong)),
    isException(es.ValidationException, 400, /connectionAlias.*less than or equal to 20/),
  )
  await assert.rejects(
    older.send(new es.AcceptInboundCrossClusterSearchConnectionCommand({ CrossClusterSearchConnectionId: 'none' })),
    isException(es.ResourceNotFoundException, 409, /no inbound connection/),
  )
  await assert.rejects(
    older.send(new es.DescribeInboundCrossClusterSearchConnectionsCommand({ NextToken: 'none' })),
    isException(es.InvalidPaginationTokenException, 400, /token/),
  )
  await assert.rejects(
    older.send(new es.CreateOutboundCrossClusterSearchConnectionCommand({ ...tooLong, ConnectionAlias: 'older' })),
    isException(es.ResourceAlreadyExistsException, 409, /alias older/),
  )
})

test('with keys, a call must be signed with one of them', async (context) => {
  const { options, url } = await start(context, { keys: [key] })
  const send = (change: object) => {
    const client = new os.OpenSearchClient({ ...options, ...change })
    const Filters = [{ Name: 'connection-id', Values: ['a b'.replace(' ', '-')] }]
    return client.send(new os.DescribeOutboundConnectionsCommand({ Filters })).finally(() => client.destroy())
  }
  assert.deepEqual((await send({})).Connections, [])
  assert.deepEqual((await send({ region: 'cn-north-1' })).Connections, [])
  const { accessKeyId, secretAccessKey } = key
  const wrongSecret = { credentials: { accessKeyId, secretAccessKey: 'another' } }
  await assert.rejects(
    send(wrongSecret),
    named('InvalidSignatureException', /^The request signature we calculated does not match/),
  )
  const unknownKey = { credentials: { accessKeyId: 'AKIDOTHER', secretAccessKey } }
  await assert.rejects(
    send(unknownKey),
    named('UnrecognizedClientException', /^The security token included in the request is invalid\.$/),
  )
  const session = { credentials: { ...key, sessionToken: 'temporary' } }
  await assert.rejects(send(session), named('UnrecognizedClientException', /security token/))
  await assert.rejects(
    send({ systemClockOffset: -600_000 }),
    named('InvalidSignatureException', /^Signature expired: \w+ is now earlier than \w+ \(\w+ - 5 min\.\)$/),
  )
  await assert.rejects(
    send({ systemClockOffset: 600_000 }),
    named('InvalidSignatureException', /^Signature not yet current/),
  )
  const bare = await fetch(`${url}/2021-01-01/opensearch/cc/outboundConnection/search`, { method: 'POST', body: '{}' })
  assert.deepEqual([bare.status, bare.headers.get('x-amzn-errortype')], [403, 'MissingAuthenticationTokenException'])
})

test('a signed call that was changed on the way is refused, whatever was changed', async (context) => {
  const { options, url } = await start(context, { keys: [key] })
  const signed: { path: string; headers: Record<string, string>; body: string }[] = []
  const client = new os.OpenSearchClient(options)
  client.middlewareStack.add(
    (next) => async (args) => {
      const { path, headers, body } = args.request as (typeof signed)[number]
      signed.push({ path, headers, body })
      return next(args)
    },
    { step: 'deserialize', priority: 'low' },
  )
  await client.send(new os.DescribeOutboundConnectionsCommand({ MaxResults: 5 }))
  client.destroy()
  const original = signed[0] ?? assert.fail()
  const post = async ({ path, headers, body }: typeof original) => {
    const { host: _, 'content-length': __, ...sent } = headers
    const response = await fetch(url + path, { method: 'POST', headers: sent, body })
    return `${response.status} ${response.headers.get('x-amzn-errortype') ?? ''}`
  }
  assert.equal(await post(original), '200 ')
  const { headers } = original
  const { authorization = '' } = headers
  const refused = '403 InvalidSignatureException'
  const { 'x-amz-content-sha256': _, ...withoutDigest } = headers
  const header = (change: Record<string, string>) => ({ ...original, headers: { ...headers, ...change } })
  assert.equal(await post({ ...original, body: '{"MaxResults":6}' }), refused)
  assert.equal(await post({ ...original, headers: withoutDigest, body: '{"MaxResults":6}' }), refused)
  assert.equal(await post({ ...original, path: `${original.path}?a=1` }), refused)
  assert.equal(await post({ ...original, path: original.path.replace('outbound', 'inbound') }), refused)
  assert.equal(await post(header({ 'x-amz-target': 'added' })), refused)
  assert.equal(await post(header({ authorization: authorization.replace('/es/', '/s3/') })), refused)
  assert.equal(await post(header({ authorization: authorization.replace('aws4_request', 'aws4') })), refused)
  assert.equal(
    await post(header({ authorization: authorization.replace(/SignedHeaders=[^,]+/, 'SignedHeaders=x-amz-date') })),
    refused,
  )
  assert.equal(
    await post(header({ authorization: authorization.replace(/.$/, (end) => (end === '0' ? '1' : '0')) })),
    refused,
  )
  const incomplete = '403 IncompleteSignatureException'
  assert.equal(await post(header({ authorization: 'Basic YTpi' })), incomplete)
  assert.equal(await post(header({ authorization: 'AWS4-HMAC-SHA256 Credential=a' })), incomplete)
  assert.equal(
    await post(header({ authorization: authorization.replace(/Credential=\w+\//, 'Credential=') })),
    incomplete,
  )
  assert.equal(
    await post(
      header({ authorization: authorization.replace('SignedHeaders=', 'SignedHeaders=constructor;__proto__;') }),
    ),
    refused,
  )
  assert.equal(await post(header({ 'x-amz-date': 'yesterday' })), '403 InvalidSignatureException')
})
