// Addresses that no remote cluster has, but that a caller would like the gateway to ask on his behalf: the services from which
// machines in a cloud fetch their credentials, the machine itself, and what is not one machine.
import { BlockList, isIPv4 } from 'node:net'

export type SpecialKind = 'loopback' | 'metadata service' | 'link-local' | 'unspecified' | 'multicast or reserved'

const networks: readonly (readonly [SpecialKind, string, number])[] = [
  // Amazon, Google and Azure; 169.254.170.2 and .23 are those of ECS and EKS. Before the link-local network that they are in.
  ['metadata service', '169.254.169.254', 32],
  ['metadata service', '169.254.170.0', 24],
  ['metadata service', '100.100.100.200', 32], // Alibaba
  ['metadata service', '168.63.129.16', 32], // Azure's wire server
  ['metadata service', '192.0.0.192', 32], // Oracle
  ['metadata service', 'fd00:ec2::', 32], // Amazon by IPv6
  ['metadata service', 'fd20:ce::254', 128], // Google by IPv6
  ['loopback', '127.0.0.0', 8],
  ['loopback', '::1', 128],
  ['link-local', '169.254.0.0', 16],
  ['link-local', 'fe80::', 10],
  ['unspecified', '0.0.0.0', 8],
  ['unspecified', '::', 128],
  ['multicast or reserved', '224.0.0.0', 4],
  ['multicast or reserved', '240.0.0.0', 4],
  ['multicast or reserved', 'ff00::', 8],
]

const lists = networks.map(([kind, network, prefix]) => {
  const list = new BlockList()
  list.addSubnet(network, prefix, isIPv4(network) ? 'ipv4' : 'ipv6')
  return { kind, list }
})

/** Undefined for addresses that a cluster may have. `address` is in the form of `canonicalHost`, or as a name server gave it. */
export function specialKind(given: string): SpecialKind | undefined {
  const address = given.replace(/%.*$/, '')
  const version4 = isIPv4(address) ? address : addressWithin(address)
  const own = isIPv4(address) ? undefined : kindOf(address, 'ipv6')
  return own ?? (version4 === undefined ? undefined : kindOf(version4, 'ipv4'))
}

const kindOf = (address: string, family: 'ipv4' | 'ipv6'): SpecialKind | undefined =>
  lists.find(({ list }) => list.check(address, family))?.kind

/** The IPv4 address that an IPv6 address leads to: mapped, compatible, translated (NAT64) or tunnelled (6to4). */
function addressWithin(address: string): string | undefined {
  const groups = groupsOf(address)
  const is = (...first: number[]) => first.every((group, at) => groups[at] === group)
  if (is(0, 0, 0, 0, 0, 0xffff) || is(0, 0, 0, 0, 0xffff, 0) || is(0, 0, 0, 0, 0, 0)) return dotted(groups, 6)
  if (is(0x64, 0xff9b)) return dotted(groups, 6)
  return is(0x2002) ? dotted(groups, 1) : undefined
}

const dotted = (groups: readonly number[], at: number): string =>
  [groups[at], groups[at + 1]].flatMap((group = 0) => [group >> 8, group & 0xff]).join('.')

/** The eight numbers of an IPv6 address. URL writes a dotted end as numbers; what remains is to fill in `::`. */
function groupsOf(address: string): number[] {
  const { hostname } = new URL(`http://[${address}]/`)
  const [before = '', after] = hostname.slice(1, -1).split('::')
  const numbers = (text: string) =>
    text.split(':').flatMap((group) => (group === '' ? [] : [Number.parseInt(group, 16)]))
  const head = numbers(before)
  if (after === undefined) return head
  const tail = numbers(after)
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail]
}
