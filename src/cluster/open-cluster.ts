// Opens a cluster: checks what the user said, connects, signs in, and finds out what it is that answers.
import { IndexferryError, isErrorOf } from '../foundation/errors.ts'
import { capabilitiesOf } from './capabilities.ts'
import type { Cluster } from './cluster.ts'
import { type Connection, type ResolvedConnection, resolveConnection } from './connection.ts'
import { type Asking, detectVersion } from './detect-version.ts'
import { dialOf } from './dial.ts'
import { HttpCluster } from './http-cluster.ts'
import { explainNetworkError, isTimeout, wrongScheme } from './network-errors.ts'
import { speaksOtherProtocol, tlsAlert } from './protocol-probe.ts'
import { type TlsParameters, tlsParameters } from './tls.ts'

export async function openCluster(
  side: 'source' | 'target',
  connection: Connection,
  log: (warning: string) => void = () => {},
): Promise<Cluster> {
  const resolved = await resolveConnection(side, connection)
  const tls = tlsParameters(side, resolved.tls)
  const cluster = new HttpCluster(side, resolved, tls)
  try {
    for (const warning of warnings(side, resolved)) log(warning)
    const asking: Asking = {
      side,
      name: cluster.name,
      serverless: isServerless(resolved),
      bytes: (r) => cluster.bytes(r),
    }
    const { version, edition } = await detectVersion(asking, resolved.version)
    cluster.identity = { version, capabilities: capabilitiesOf(version, edition) }
    return cluster
  } catch (error) {
    await cluster[Symbol.asyncDispose]()
    throw (await explainSilence(side, resolved, tls, error)) ?? error
  }
}

function warnings(side: string, { nodes, tls, authentication }: ResolvedConnection): string[] {
  const found: string[] = []
  const secure = nodes.filter((node) => node.secure)
  for (const { name } of tls.verify ? [] : secure) {
    found.push(
      `the certificate of the ${side} ${name} is not verified: whoever is in between can read and change everything`,
    )
  }
  if (authentication.kind !== 'none' && secure.length > 0 && secure.length < nodes.length) {
    found.push(`some nodes of the ${side} are reached by http, so that the credentials go over the network unencrypted`)
  }
  return found
}

const isServerless = ({ authentication, nodes }: ResolvedConnection): boolean =>
  (authentication.kind === 'sigv4' && authentication.service === 'aoss') ||
  nodes.some(({ host }) => host.endsWith('.aoss.amazonaws.com'))

/** A server that hangs up on the first request was spoken to in the wrong protocol, or wants another client certificate. */
async function explainSilence(
  side: 'source' | 'target',
  connection: ResolvedConnection,
  tls: TlsParameters,
  error: unknown,
): Promise<IndexferryError | undefined> {
  const [node] = connection.nodes
  if (!node || !isErrorOf(error, 'CONNECTION_LOST') || isTimeout(error.cause)) return undefined
  const dial = dialOf(node, connection)
  const failure = (await speaksOtherProtocol(node, dial))
    ? wrongScheme(node, `the port speaks ${node.secure ? 'HTTP' : 'HTTPS'}`)
    : node.secure && explainNetworkError(await tlsAlert(node, tls, dial), node)
  if (!failure || failure.code === 'CONNECTION_LOST') return undefined
  const { code, cause, remedy } = failure
  return new IndexferryError(code, `${side} ${node.name}: ${cause}`, {
    side,
    ...(remedy === undefined ? {} : { remedy }),
    cause: error,
  })
}
