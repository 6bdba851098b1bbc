// Opens the remote of a `_reindex` call: a host that the allow-list has, at an address that was checked, or the name of a connection.
import { isIP } from 'node:net'
import type { Cluster } from '../../cluster/cluster.ts'
import type { Connection } from '../../cluster/connection.ts'
import { openCluster } from '../../cluster/open-cluster.ts'
import { findsAwsCredentials } from '../../cluster/sigv4.ts'
import { isErrorOf } from '../../foundation/errors.ts'
import { type ClusterVersion, isAtLeast } from '../../model/cluster-version.ts'
import type { RemoteHost } from '../../model/reindex.ts'
import type { ConnectionEndpoint } from '../connections/connections.ts'
import { AllowList, hostPattern } from './allow-list.ts'
import { canonicalHost, inBrackets } from './host-form.ts'
import { PinnedAddresses, type Resolve, resolveByThisMachine } from './pinned-addresses.ts'
import { explainZone } from './private-link.ts'
import { refusal } from './refusal.ts'
import { remoteAuthentication } from './remote-authentication.ts'
import { remoteHeaders } from './remote-headers.ts'
import type { RemoteOpener } from './remote-opener.ts'
import { type SpecialKind, specialKind } from './special-addresses.ts'

/** What of `reindex` in the configuration is about remotes. */
export interface RemoteSettings {
  /** `host:port` with wildcards. Empty: no remote. */
  readonly allowlist: readonly string[]
  /** For the first pattern that a remote fits: what a request cannot say. */
  readonly remotes: readonly {
    readonly hosts: string
    readonly tls: Connection['tls']
    readonly authentication: Connection['authentication']
  }[]
}

export interface RemoteOpenerOptions {
  readonly config: RemoteSettings
  /** The local cluster, where it is known: refusals are worded as it would. */
  readonly local?: () => ClusterVersion | undefined
  /** What the name of an active VPC_ENDPOINT connection leads to (`Connections.lookupEndpoint`); undefined for every other host. */
  readonly endpoints?: (host: string) => ConnectionEndpoint | undefined
  /** Takes warnings, such as that a certificate is not verified. */
  readonly log?: (warning: string) => void
  readonly resolve?: Resolve
  readonly hasAwsCredentials?: () => Promise<boolean>
}

/** Documents are streamed; what a remote says besides, such as its mappings, is smaller. Whoever is listed may still be an impostor. */
const answerBytesMax = 64 * 1024 * 1024

/** Where a remote is to be reached. */
type Destination =
  | { readonly endpoint: ConnectionEndpoint; readonly host: string }
  | { readonly endpoint: undefined; readonly host: string; readonly port: number; readonly addresses: PinnedAddresses }

export function createRemoteOpener(options: RemoteOpenerOptions): RemoteOpener {
  return new CheckingOpener(options)
}

class CheckingOpener implements RemoteOpener {
  readonly #options: RemoteOpenerOptions
  readonly #list: AllowList
  readonly #rules: readonly (RemoteSettings['remotes'][number] & { readonly fits: ReturnType<typeof hostPattern> })[]

  constructor(options: RemoteOpenerOptions) {
    this.#options = options
    this.#list = new AllowList(options.config.allowlist)
    this.#rules = options.config.remotes.map((remote) => ({ ...remote, fits: hostPattern(remote.hosts) }))
  }

  async check(remote: RemoteHost): Promise<void> {
    remoteHeaders(remote.headers)
    const destination = this.#destination(remote)
    if (destination.endpoint || isIP(destination.host)) return
    try {
      await destination.addresses.find(destination.host)
    } catch (error) {
      // A name that does not resolve is reported by the opening, like everything that has to do with the network.
      if (isErrorOf(error, 'REMOTE_NOT_ALLOWED')) throw error
    }
  }

  async open(remote: RemoteHost): Promise<Cluster> {
    const destination = this.#destination(remote)
    const connection = {
      connectTimeoutMs: remote.connectTimeoutMs,
      readTimeoutMs: remote.socketTimeoutMs,
      headers: remoteHeaders(remote.headers),
      transientSecrets: true,
      answerBytesMax,
      ...(destination.endpoint
        ? await this.#byConnection(remote, destination.endpoint)
        : await this.#byAddress(remote, destination)),
    }
    try {
      return await openCluster('source', connection, this.#options.log)
    } catch (error) {
      // Seen from here, a forwarder that cannot reach the domain only hangs up; it knows why.
      const failure = isErrorOf(error, 'CONNECTION_LOST') ? destination.endpoint?.failure() : undefined
      throw failure ?? error
    }
  }

  /** Throws when it is not allowed. */
  #destination(remote: RemoteHost): Destination {
    const host = canonicalHost(remote.hostname)
    const endpoint = host === undefined ? undefined : this.#options.endpoints?.(host)
    if (host !== undefined && endpoint) return { endpoint, host }
    const form = /^(https?):\/\/.*:(\d+)/is.exec(remote.host)
    if (!form) throw refusal(formSentence(remote), formRemedy)
    const port = remote.port ?? (remote.scheme === 'https' ? 443 : 80)
    if (host === undefined || !(port >= 0 && port < 65_536)) throw this.#notListed(remote, port)
    if (!this.#list.allows(host, port)) throw this.#notListed(remote, port, explainZone(host, port, this.#list.entries))
    const addresses = new PinnedAddresses(host, this.#options.resolve ?? resolveByThisMachine, (address) =>
      this.#checkAddress(remote, host, port, address),
    )
    if (isIP(host)) this.#checkAddress(remote, host, port, host)
    return { endpoint: undefined, host, port, addresses }
  }

  /**
   * Special addresses have to be listed themselves. For loopback it is enough that the name is listed without `*` in it: that is how
   * people write localhost, and names from a hosts file.
   */
  #checkAddress(remote: RemoteHost, host: string, port: number, address: string): void {
    const kind = specialKind(address)
    if (kind === undefined) return
    const literal = canonicalHost(address)
    if (literal !== undefined && this.#list.names(literal, port)) return
    if (kind === 'loopback' && this.#list.names(host, port)) return
    throw this.#notListed(remote, port, specialSentence(kind), kind === 'loopback' ? host : (literal ?? address))
  }

  /** `toList` is what the remedy says to add. */
  #notListed(remote: RemoteHost, port: number, explanation?: string, toList?: string): Error {
    const local = this.#options.local?.()
    // OpenSearch changed the words first, and the setting with 2.0.
    const word = local?.flavour === 'elasticsearch' ? 'whitelist' : 'allowlist'
    const setting = local === undefined || isAtLeast(local, 'opensearch', 2) ? 'allowlist' : 'whitelist'
    const sentence = `[${inBrackets(withoutUser(remote.hostname))}:${port}] not ${word}ed in reindex.remote.${setting}`
    const added = toList ?? canonicalHost(remote.hostname) ?? withoutUser(remote.hostname)
    return refusal(
      explanation === undefined ? sentence : `${sentence}: ${explanation}`,
      this.#remedy(`${inBrackets(added)}:${port}`),
    )
  }

  #remedy(entry: string): string {
    const where = 'reindex.remote.allowlist of the configuration of indexferry'
    if (this.#list.isEmpty) return `No remote may be read, because ${where} is empty: add ${entry} to it.`
    return `Add ${entry} to ${where}, if it may be read.`
  }

  async #byAddress(remote: RemoteHost, destination: Destination & { endpoint: undefined }): Promise<Connection> {
    const { host, port, addresses } = destination
    const rule = this.#rules.find(({ fits }) => fits(host, port))
    return {
      nodes: [`${remote.scheme}://${inBrackets(host)}:${port}${remote.pathPrefix}`],
      authentication: await this.#authentication(remote, host, rule?.authentication),
      tls: rule?.tls,
      addresses,
    }
  }

  /** The domain's own URL. Who writes https gets it or an error, never plain HTTP. */
  async #byConnection(remote: RemoteHost, endpoint: ConnectionEndpoint): Promise<Connection> {
    const url = new URL(endpoint.url)
    const isForced = url.protocol === 'http:' && /^https:/i.test(remote.host)
    const base = url.href.replace(/\/+$/, '')
    const host = canonicalHost(url.hostname) ?? url.hostname
    return {
      nodes: [(isForced ? base.replace(/^http:/, 'https:') : base) + remote.pathPrefix],
      authentication: await this.#authentication(remote, host, endpoint.authentication),
      tls: endpoint.tls,
      via: { host: endpoint.address, port: endpoint.port },
    }
  }

  #authentication(remote: RemoteHost, host: string, configured: Connection['authentication']) {
    const { hasAwsCredentials = findsAwsCredentials } = this.#options
    return remoteAuthentication(remote, { host, configured, hasAwsCredentials })
  }
}

/** Servers take credentials before an `@` for a part of the host, and refuse it; what is refused is shown. */
const withoutUser = (host: string): string => host.replace(/^(\w+:\/\/)?.*@/s, '$1***@')

/** The words of RemoteInfo's parser; only names of connections may do without scheme and port. */
const formSentence = ({ host }: RemoteHost): string =>
  `[host] must be of the form [scheme]://[host]:[port](/[pathPrefix])? but was [${withoutUser(host)}]`

const formRemedy = 'Write https://host:443, or the endpoint of an active VPC_ENDPOINT connection.'

const specialSentence = (kind: SpecialKind): string =>
  kind === 'loopback'
    ? 'it leads to a loopback address, which only an entry that names the host or the address without [*] allows'
    : `it leads to a ${kind} address, which only an entry that names this address without [*] allows`
