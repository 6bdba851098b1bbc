// A cluster that connections lead to and from, as the configuration names it.
import type { Connection } from '../../cluster/connection.ts'

export interface Domain {
  /** 12 digits. */
  readonly owner: string
  readonly region: string
  readonly url: string
  readonly authentication: Connection['authentication']
  readonly tls: Connection['tls']
  /** `http://`, `https://` or `socks5://[user:password@]host:port`, through which it is reached. */
  readonly proxy: string | undefined
  /** Transport addresses (`host:port`) by which `cluster.remote.*` of the local cluster names it. */
  readonly seeds?: readonly string[] | undefined
}

/** By name. */
export type Domains = Readonly<Record<string, Domain>>

export function findDomain(domains: Domains, name: string): Domain | undefined {
  return Object.hasOwn(domains, name) ? domains[name] : undefined
}
