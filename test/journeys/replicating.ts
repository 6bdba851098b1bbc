// Two clusters and a gateway in front of the one that follows, with a connection between them that was requested and accepted.
import assert from 'node:assert/strict'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { openCluster } from '../../src/cluster/open-cluster.ts'
import { indexPath } from '../../src/cluster/paths.ts'
import type { JsonObject } from '../../src/model/json.ts'
import type { RunningServer } from '../servers/servers.ts'
import { eventually, Indexferry } from './indexferry.ts'
import { type Called, type CallOptions, Served } from './serving.ts'

const [owner, region] = ['123456789012', 'us-east-1']
const api = '2021-01-01/opensearch/cc'
const leaderDomain = 'leader-domain'
const followerDomain = 'follower-domain'

export interface Replicating extends AsyncDisposable {
  readonly indexferry: Indexferry
  readonly leader: Cluster
  readonly follower: Cluster
  gateway: Served
  /** A call to the gateway, in the name of whoever owns the follower. */
  call(method: string, path: string, body?: JsonObject): Promise<Called>
  /** Which must be answered with 200. */
  ok(method: string, path: string, body?: JsonObject): Promise<JsonObject>
  /** `_plugins/_replication/…` */
  replication(method: string, path: string, body?: JsonObject): Promise<Called>
  /** Begins, and waits until it is in step. */
  start(follower: string, leaderIndex: string, more?: JsonObject): Promise<void>
  status(follower: string): Promise<JsonObject>
  /** Until a status is as it should be. */
  until(follower: string, what: string, isSo: (status: JsonObject) => boolean): Promise<JsonObject>
  /** Another connection to the same leader; resolves with its id. */
  connect(alias: string): Promise<string>
  /** Deletes a connection, as the side that asked for it. */
  disconnect(id: string): Promise<void>
  /** As after a stop of the machine: the same state folder, another process. */
  restart(): Promise<void>
}

export const alias = 'connection-alias'

export async function replicateBetween(
  leaderServer: RunningServer,
  followerServer: RunningServer,
  yaml: readonly string[] = [],
): Promise<Replicating> {
  await using opening = new AsyncDisposableStack()
  const indexferry = opening.use(await Indexferry.install())
  const leader = opening.use(await openCluster('source', connectionOf(leaderServer)))
  const follower = opening.use(await openCluster('target', connectionOf(followerServer)))
  const config = await indexferry.write(
    'indexferry.yaml',
    `${[
      'cluster:',
      ...locationOf(followerServer, false),
      'listen: 127.0.0.1:0',
      'domains:',
      ...domainOf(leaderDomain, leaderServer),
      ...domainOf(followerDomain, followerServer),
      ...yaml,
    ].join('\n')}\n`,
  )
  const begin = () => Served.start(indexferry, ['--config', config], { env: { AWS_EC2_METADATA_DISABLED: 'true' } })
  let gateway = await begin()
  opening.defer(() => gateway[Symbol.asyncDispose]())
  const who: CallOptions = followerServer.username
    ? { username: followerServer.username, password: followerServer.password }
    : {}
  const call = (method: string, path: string, body?: JsonObject) =>
    gateway.call(method, path, { ...who, ...(body ? { body } : {}) })
  const ok = async (method: string, path: string, body?: JsonObject) => {
    const { status, body: answer, text } = await call(method, path, body)
    assert.ok(status === 200 || status === 201, `${method} ${path}: ${text}\n${gateway.stderr}`)
    return answer
  }
  const replication = (method: string, path: string, body?: JsonObject) =>
    call(method, `_plugins/_replication/${path}`, body)
  const status = (index: string) => ok('GET', `_plugins/_replication/${index}/_status`)
  const until: Replicating['until'] = async (index, what, isSo) => {
    let last: JsonObject = {}
    try {
      return await eventually(what, async () => {
        last = await status(index)
        return isSo(last) ? last : undefined
      })
    } catch (error) {
      throw new Error(`${index}: ${JSON.stringify(last)}\n${gateway.stderr}`, { cause: error })
    }
  }
  await connect(gateway, who, alias)
  const open = opening.move()
  return {
    ...{ indexferry, leader, follower, call, ok, replication, status, until },
    get gateway() {
      return gateway
    },
    start: async (index, leaderIndex, more = {}) => {
      const answer = await replication('PUT', `${index}/_start`, {
        leader_alias: alias,
        leader_index: leaderIndex,
        ...more,
      })
      assert.equal(answer.text, '{"acknowledged":true}', gateway.stderr)
      await until(index, 'in step', isInStep)
    },
    connect: (another) => connect(gateway, who, another),
    disconnect: async (id) => {
      await gateway.ok('DELETE', `${api}/outboundConnection/${id}`, who)
    },
    restart: async () => {
      await gateway.stop()
      gateway = await begin()
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

/** Everything of the leader is on the follower. */
export function isInStep({ status, syncing_details: details }: JsonObject): boolean {
  const { leader_checkpoint: leader, follower_checkpoint: follower } = (details ?? {}) as JsonObject
  return status === 'SYNCING' && leader !== undefined && leader === follower
}

/** Deletes what there may be of them, on both sides. */
export async function deleteIndexes({ leader, follower }: Replicating, ...names: string[]): Promise<void> {
  for (const cluster of [leader, follower]) {
    for (const name of names) await cluster.json({ method: 'DELETE', path: indexPath(name), accept: [404] })
  }
}

const connectionOf = ({ url, username, password = '', caFile }: RunningServer) => ({
  nodes: [url],
  ...(username === undefined ? {} : { authentication: { kind: 'basic' as const, username, password } }),
  ...(caFile === undefined ? {} : { tls: { caFile } }),
})

const locationOf = ({ url, username, password, caFile }: RunningServer, isSignedIn: boolean): string[] => [
  `  url: ${url}`,
  ...(caFile === undefined ? [] : [`  ca: ${caFile}`]),
  ...(isSignedIn && username !== undefined ? [`  username: ${username}`, `  password: '${password}'`] : []),
]

const domainOf = (name: string, server: RunningServer): string[] =>
  [`${name}:`, `  owner: '${owner}'`, `  region: ${region}`, ...locationOf(server, true)].map((line) => `  ${line}`)

const domain = (DomainName: string): JsonObject => ({
  AWSDomainInformation: { DomainName, OwnerId: owner, Region: region },
})

/** The follower's side requests, the leader's side accepts. */
async function connect(gateway: Served, who: CallOptions, name: string): Promise<string> {
  const created = await gateway.ok('POST', `${api}/outboundConnection`, {
    ...who,
    body: {
      ConnectionAlias: name,
      ConnectionMode: 'DIRECT',
      LocalDomainInfo: domain(followerDomain),
      RemoteDomainInfo: domain(leaderDomain),
    },
  })
  const id = String(created.ConnectionId)
  const becomes = (state: string) =>
    eventually(state, async () => {
      const answer = await gateway.ok('POST', `${api}/outboundConnection/search`, who)
      const found = (answer.Connections as unknown as DescribedConnection[]).find(
        ({ ConnectionId }) => ConnectionId === id,
      )
      assert.ok(found)
      const { StatusCode, Message } = found.ConnectionStatus
      assert.doesNotMatch(StatusCode, /FAILED|DELET|REJECT/, Message)
      return StatusCode === state || undefined
    })
  await becomes('PENDING_ACCEPTANCE')
  await gateway.ok('PUT', `${api}/inboundConnection/${id}/accept`, who)
  await becomes('ACTIVE')
  return id
}

interface DescribedConnection {
  readonly ConnectionId: string
  readonly ConnectionStatus: { readonly StatusCode: string; readonly Message?: string }
}
