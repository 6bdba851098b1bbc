// Where the connection to a node is really made to: through a tunnel, or to addresses that an address book gives.
import type { LookupFunction } from 'node:net'
import type { AddressBook, NodeAddress, ResolvedConnection } from './connection.ts'

/** Options for `connect` of node:net and node:tls. */
export interface Dial {
  readonly host: string
  readonly port: number
  readonly lookup?: LookupFunction
}

export function dialOf(
  { host, port }: NodeAddress,
  { addresses, via }: Pick<ResolvedConnection, 'addresses' | 'via'>,
): Dial {
  if (via) return via
  return { host, port, ...(addresses && { lookup: lookupIn(addresses) }) }
}

/** Node asks for one address or, where it would try several, for all. */
export function lookupIn(addresses: AddressBook): LookupFunction {
  return (host, { all }, done) => {
    addresses.find(host).then(
      (found) => {
        const [first] = found
        if (!first) done(Object.assign(new Error(`no address for ${host}`), { code: 'ENOTFOUND' }), '')
        else if (all) done(null, [...found])
        else done(null, first.address, first.family)
      },
      (error: NodeJS.ErrnoException) => done(error, ''),
    )
  }
}
