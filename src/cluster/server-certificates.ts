// The certificates that the nodes of a cluster show, whether they are trusted or not: for reports, nothing is sent.
import { isIP } from 'node:net'
import type { DetailedPeerCertificate } from 'node:tls'
import type { Side } from '../foundation/errors.ts'
import { type Connection, type NodeAddress, resolveConnection } from './connection.ts'
import { type Dial, dialOf } from './dial.ts'
import { type TlsParameters, tlsParameters } from './tls.ts'

export interface ServerCertificate {
  /** URL of the node. */
  readonly node: string
  /** Common name of the certificate of the chain that expires first; usually the node's own. */
  readonly subject: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  /** False when verification is switched off. */
  readonly isVerified: boolean
}

const connectMs = 5_000
const chainLengthMax = 10

/** One for each node that is reached by https and answers. */
export async function readServerCertificates(
  side: Side,
  connection: Connection,
): Promise<readonly ServerCertificate[]> {
  const resolved = await resolveConnection(side, connection)
  const { nodes, tls } = resolved
  const secure = nodes.filter((node) => node.secure)
  if (secure.length === 0) return []
  const parameters = tlsParameters(side, tls)
  const found = await Promise.all(secure.map((node) => readCertificate(node, parameters, dialOf(node, resolved))))
  return found.flatMap((certificate, position) => {
    const node = secure[position] as NodeAddress
    return certificate ? [{ node: node.name, isVerified: tls.verify, ...certificate }] : []
  })
}

type Read = Pick<ServerCertificate, 'subject' | 'expiresAt'>

function readCertificate({ host }: NodeAddress, tls: TlsParameters, dial: Dial): Promise<Read | undefined> {
  return new Promise((resolve) => {
    const name = isIP(host) ? {} : { servername: host }
    // Whether it is trusted was decided when the cluster was opened.
    const socket = process
      .getBuiltinModule('node:tls')
      .connect({ ...dial, timeout: connectMs, ...name, ...tls, rejectUnauthorized: false })
    const settle = (certificate?: Read) => {
      socket.destroy()
      resolve(certificate)
    }
    socket.on('secureConnect', () => settle(firstToExpire(socket.getPeerCertificate(true))))
    for (const event of ['timeout', 'error', 'close']) socket.on(event, () => settle())
  })
}

/** A chain is as good as the certificate in it that expires first. The last one names itself as its issuer. */
function firstToExpire(leaf: DetailedPeerCertificate): Read | undefined {
  let first: Read | undefined
  let certificate: DetailedPeerCertificate | undefined = leaf
  for (let depth = 0; certificate?.valid_to && depth < chainLengthMax; depth++) {
    const expiresAt = Date.parse(certificate.valid_to)
    if (!first || expiresAt < first.expiresAt) first = { subject: commonName(certificate), expiresAt }
    const issuer: DetailedPeerCertificate | undefined = certificate.issuerCertificate
    certificate = issuer === certificate ? undefined : issuer
  }
  return first
}

function commonName({ subject }: DetailedPeerCertificate): string {
  const name: string | readonly string[] | undefined = subject?.CN
  return typeof name === 'string' ? name : (name?.[0] ?? 'without a name')
}
