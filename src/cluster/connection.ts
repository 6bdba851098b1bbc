// How to reach one cluster, as the user says it, and the same with every default filled in.
import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { IndexferryError, registerSecret, type Side } from '../foundation/errors.ts'
import type { ClusterVersion } from '../model/cluster-version.ts'
import { answerBytesMax } from './exchange.ts'

export type Authentication =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** `id:key`, or the base64 of it that the create-API-key call answers as `encoded`. */
  | { readonly kind: 'apiKey'; readonly key: string }
  | { readonly kind: 'bearer'; readonly token: string }
  /** `es` is Amazon OpenSearch Service, `aoss` OpenSearch Serverless. The credentials come from AWS's own chain. */
  | {
      readonly kind: 'sigv4'
      readonly region: string
      readonly service: 'es' | 'aoss'
      readonly profile?: string | undefined
    }

export interface TlsOptions {
  /** PEM file of the CAs to trust instead of those of this machine. */
  readonly caFile?: string | undefined
  /** PEM files of the client certificate and its key. */
  readonly certFile?: string | undefined
  readonly keyFile?: string | undefined
  readonly keyPassphrase?: string | undefined
  /** The name that the certificate must carry, where it is not the host of the URL. */
  readonly serverName?: string | undefined
  /** False accepts any certificate; openCluster warns about it. */
  readonly verify: boolean
}

/** Where the names in the URLs lead, instead of what the name server of this machine says. */
export interface AddressBook {
  /** Addresses that may be connected to, and no others; throws to refuse. Not asked for hosts that are addresses themselves. */
  find(host: string): Promise<readonly LookupAddress[]>
  /** No connection to them could be made: the next `find` may give others. */
  failed(host: string): void
}

export interface Connection {
  /** Base URLs such as https://es.example.com:9200/prefix; several are nodes of one cluster. */
  readonly nodes: readonly string[]
  /** Default: the credentials in the URL, or none. */
  readonly authentication?: Authentication | undefined
  readonly tls?: Partial<TlsOptions> | undefined
  /** Default 10 000. */
  readonly connectTimeoutMs?: number | undefined
  /** Until the first byte of an answer, and between two parts of it. Default 120 000. */
  readonly readTimeoutMs?: number | undefined
  /** Both directions. `auto`, the default, compresses unless every node has a loopback or private address. */
  readonly gzip?: 'auto' | 'on' | 'off' | undefined
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Open connections to each node at most. Default 16. */
  readonly connectionsMax?: number | undefined
  /** Of an answer that is read as a whole. Default 1 GiB, for clusters that their own user names. */
  readonly answerBytesMax?: number | undefined
  /** Believed instead of what the cluster says. */
  readonly version?: ClusterVersion | undefined
  readonly addresses?: AddressBook | undefined
  /** A tunnel: every connection is made to it, while requests, signatures and certificates carry the names in the URLs. */
  readonly via?: { readonly host: string; readonly port: number } | undefined
  /**
   * Credentials that somebody sent with one request. They are taken out of the errors of this cluster only: remembered for ever,
   * like those of the configuration, they would fill the memory, and let callers blank out words of their choice.
   */
  readonly transientSecrets?: boolean | undefined
}

/** A base URL taken apart. */
export interface NodeAddress {
  /** `https://host:9200`. */
  readonly origin: string
  /** Of the URL, without brackets. */
  readonly host: string
  readonly port: number
  readonly secure: boolean
  /** What every path begins with: empty or `/prefix`. */
  readonly prefix: string
  /** For messages. */
  readonly name: string
}

export interface ResolvedConnection {
  readonly nodes: readonly NodeAddress[]
  readonly authentication: Authentication
  readonly tls: TlsOptions
  readonly connectTimeoutMs: number
  readonly readTimeoutMs: number
  readonly gzip: boolean
  readonly headers: Readonly<Record<string, string>>
  readonly connectionsMax: number
  readonly answerBytesMax: number
  readonly version: ClusterVersion | undefined
  readonly addresses: AddressBook | undefined
  readonly via: { readonly host: string; readonly port: number } | undefined
  /** To be taken out of errors; those that are remembered for ever are not among them. */
  readonly secrets: readonly string[]
}

export async function resolveConnection(side: Side, connection: Connection): Promise<ResolvedConnection> {
  const urls = connection.nodes.map((node) => parseUrl(side, node))
  if (urls.length === 0) throw new IndexferryError('LOCATION_INVALID', `the ${side} has no URL`, { side })
  const nodes = urls.map(addressOf)
  const authentication = connection.authentication ?? authenticationIn(urls) ?? { kind: 'none' }
  const secrets = secretsOf(authentication, connection)
  if (!connection.transientSecrets) for (const secret of secrets) registerSecret(secret)
  const { gzip = 'auto' } = connection
  return {
    nodes,
    authentication,
    tls: { verify: true, ...connection.tls },
    connectTimeoutMs: connection.connectTimeoutMs ?? 10_000,
    readTimeoutMs: connection.readTimeoutMs ?? 120_000,
    gzip: gzip === 'auto' ? !(await areAllNear(nodes, connection)) : gzip === 'on',
    headers: connection.headers ?? {},
    connectionsMax: connection.connectionsMax ?? 16,
    answerBytesMax: connection.answerBytesMax ?? answerBytesMax,
    version: connection.version,
    addresses: connection.addresses,
    via: connection.via,
    secrets: connection.transientSecrets ? secrets.filter(({ length }) => length >= 4) : [],
  }
}

function parseUrl(side: Side, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && (url.protocol === 'http:' || url.protocol === 'https:') && !url.search && !url.hash) return url
  const sentence = `the ${side} URL ${JSON.stringify(text)} is not a base URL such as https://host:9200`
  throw new IndexferryError('LOCATION_INVALID', sentence, { side })
}

function addressOf(url: URL): NodeAddress {
  const secure = url.protocol === 'https:'
  const prefix = url.pathname.replace(/\/+$/, '')
  return {
    origin: url.origin,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port) || (secure ? 443 : 80),
    secure,
    prefix,
    name: url.origin + prefix,
  }
}

function authenticationIn(urls: readonly URL[]): Authentication | undefined {
  const url = urls.find(({ username }) => username !== '')
  return url && { kind: 'basic', username: decode(url.username), password: decode(url.password) }
}

/** A password with a lone `%` is no percent-encoding, and is meant as it stands. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function secretsOf(authentication: Authentication, { tls, headers = {} }: Connection): string[] {
  const found: (string | undefined)[] = [tls?.keyPassphrase]
  // A password that is the user's name, as on many a test cluster, would take the name out of every message.
  if (authentication.kind === 'basic' && authentication.password !== authentication.username) {
    found.push(authentication.password)
  }
  if (authentication.kind === 'bearer') found.push(authentication.token)
  if (authentication.kind === 'apiKey') found.push(authentication.key, authentication.key.split(':')[1])
  for (const [name, value] of Object.entries(headers)) {
    if (/auth|key|token|secret|cookie/i.test(name)) found.push(value)
  }
  return found.filter((secret) => secret !== undefined)
}

const nearAddresses = new BlockList()
for (const [network, prefix] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['100.64.0.0', 10],
] as const) {
  nearAddresses.addSubnet(network, prefix, 'ipv4')
}
nearAddresses.addAddress('::1', 'ipv6')
nearAddresses.addSubnet('fc00::', 7, 'ipv6')
nearAddresses.addSubnet('fe80::', 10, 'ipv6')

/** In one's own network, bytes cost less than the time to compress them. */
async function areAllNear(nodes: readonly NodeAddress[], { addresses, via }: Connection): Promise<boolean> {
  // How far the other end of a tunnel is, nobody knows.
  if (via) return false
  const answers = await Promise.all(nodes.map(({ host }) => isNear(host, addresses)))
  return answers.every(Boolean)
}

export async function isNear(host: string, book?: AddressBook): Promise<boolean> {
  if (host === 'localhost' || host.endsWith('.localhost')) return true
  const family = isIP(host)
  if (family) return nearAddresses.check(host, family === 4 ? 'ipv4' : 'ipv6')
  // A name that does not resolve is reported by the first request, with the right error.
  const addresses = await (book ? book.find(host) : lookup(host, { all: true })).catch(() => [])
  return (
    addresses.length > 0 &&
    addresses.every(({ address, family }) => nearAddresses.check(address, family === 4 ? 'ipv4' : 'ipv6'))
  )
}
