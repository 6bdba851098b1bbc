// Connects to what SOURCE and TARGET name.
import type { Cluster } from '../cluster/cluster.ts'
import type { Authentication, Connection } from '../cluster/connection.ts'
import { openCluster } from '../cluster/open-cluster.ts'
import { IndexferryError } from '../foundation/errors.ts'
import type { SourceSide, TargetSide } from '../mechanism/open-unit.ts'
import type { ClusterLocation, Location } from '../model/location.ts'
import type { CommandValues, ConnectionValues } from './option-values.ts'

/** How to reach a cluster: its URL, then what options and environment say. An option wins over the URL. */
export function connectionOf(location: ClusterLocation, values: ConnectionValues, writers: number): Connection {
  return {
    nodes: [...location.nodes, ...values.node],
    authentication: authenticationOf(location, values),
    tls: {
      caFile: values.ca,
      certFile: values.cert,
      keyFile: values.key,
      keyPassphrase: values.keyPassphrase,
      serverName: values.tlsName,
      verify: !values.insecure,
    },
    connectTimeoutMs: values.connectTimeout,
    readTimeoutMs: values.readTimeout,
    gzip: values.gzip,
    headers: Object.fromEntries(values.header),
    // A few more than the documents need, so that small calls never wait for large ones.
    connectionsMax: writers + 8,
    version: values.version,
  }
}

function authenticationOf(location: ClusterLocation, values: ConnectionValues): Authentication {
  const { sigv4Region: region, apiKey, bearerToken } = values
  if (region !== undefined) return { kind: 'sigv4', region, service: values.sigv4Service, profile: values.sigv4Profile }
  if (apiKey !== undefined) return { kind: 'apiKey', key: apiKey }
  if (bearerToken !== undefined) return { kind: 'bearer', token: bearerToken }
  const username = values.user ?? location.username
  const password = values.password ?? location.password
  if (username === undefined) return { kind: 'none' }
  return { kind: 'basic', username, password: password ?? '' }
}

export interface OpenSides extends AsyncDisposable {
  readonly source: SourceSide
  readonly target: TargetSide
}

/** Requests in flight to the target at most, unless the user says otherwise. */
export const writersDefault = 8

/** Opens both sides at once, so that a bad password of either is told at the start. */
export async function openSides(
  source: Location,
  target: Location,
  values: CommandValues,
  note: (text: string) => void,
): Promise<OpenSides> {
  const open: Cluster[] = []
  const close = async () => {
    for (const cluster of open) await cluster[Symbol.asyncDispose]()
  }
  const connect = async (side: 'source' | 'target', location: ClusterLocation): Promise<Cluster> => {
    const connection = connectionOf(location, values[side], values.writing.writers ?? writersDefault)
    const cluster = await openCluster(side, connection, note)
    open.push(cluster)
    return cluster
  }
  const results = await Promise.allSettled([openSource(source, values, connect), openTarget(target, values, connect)])
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) {
    await close()
    throw failed.reason
  }
  const [sourceSide, targetSide] = results as [PromiseFulfilledResult<SourceSide>, PromiseFulfilledResult<TargetSide>]
  return { source: sourceSide.value, target: targetSide.value, [Symbol.asyncDispose]: close }
}

type Connect = (side: 'source' | 'target', location: ClusterLocation) => Promise<Cluster>

async function openSource(location: Location, values: CommandValues, connect: Connect): Promise<SourceSide> {
  if (location.kind === 'cluster') {
    if (location.index === undefined) {
      throw new IndexferryError('LOCATION_INVALID', 'SOURCE must name an index, a pattern, an alias or a data stream', {
        side: 'source',
        remedy: 'Write https://host:9200/INDEX-OR-PATTERN; a single * is every index that is not hidden.',
      })
    }
    return { kind: 'cluster', cluster: await connect('source', location), expression: location.index }
  }
  const file = location.kind === 'stdio' ? '-' : location.path
  return { kind: 'file', file, skipBrokenLines: values.reading.skipBrokenLines, idField: values.reading.idField }
}

async function openTarget(location: Location, values: CommandValues, connect: Connect): Promise<TargetSide> {
  if (location.kind === 'cluster') {
    return { kind: 'cluster', cluster: await connect('target', location), name: location.index }
  }
  return { kind: 'file', file: location.kind === 'stdio' ? '-' : location.path, overwrite: values.writing.overwrite }
}
