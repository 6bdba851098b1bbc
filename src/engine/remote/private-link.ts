// Endpoints of Alibaba Cloud PrivateLink have two names: one for all zones, and one with the zone in its first label,
// `ep-ID-cn-hangzhou-i.epsrv-ID.cn-hangzhou.privatelink.aliyuncs.com`. Its console shows the latter, and its manual wants the former
// in the allow-list, so that people meet a refusal that they cannot explain.

import { splitPort, wildcard } from './allow-list.ts'
import { canonicalHost } from './host-form.ts'

interface ZonedName {
  readonly withoutZone: string
  /** Such as `-cn-hangzhou-i`. */
  readonly zone: string
}

/** Undefined for names that are none of an endpoint, or have no zone. The entries of an allow-list may have `*` in them. */
export function zonedName(host: string): ZonedName | undefined {
  const match = /^(ep-[a-z0-9*-]+?)\.([a-z0-9*-]+)\.([a-z0-9-]+)(\.privatelink\.aliyuncs\.com)$/.exec(
    host.toLowerCase(),
  )
  if (!match) return undefined
  const [, endpoint = '', service, region = '', domain] = match
  // The zone of cn-hangzhou is cn-hangzhou-i, that of ap-southeast-1 is ap-southeast-1a.
  const zone = new RegExp(`-${region}-?[a-z]$`).exec(endpoint)?.[0]
  if (zone === undefined) return undefined
  return { withoutZone: `${endpoint.slice(0, -zone.length)}.${service}.${region}${domain}`, zone }
}

/** To follow "not allowlisted in reindex.remote.allowlist: "; undefined where the zone is not the reason. */
export function explainZone(host: string, port: number, entries: readonly string[]): string | undefined {
  const asked = zonedName(host)
  const without = asked && entries.find((entry) => matchesEntry(entry, asked.withoutZone, port))
  if (asked && without !== undefined) {
    return `the list has this endpoint of Alibaba Cloud PrivateLink without the zone segment ${asked.zone}; ask for ${asked.withoutZone}:${port}`
  }
  for (const entry of entries) {
    const { host: pattern, port: ports } = splitPort(entry.trim())
    const listed = zonedName(pattern)
    if (!listed || !matchesEntry(`${listed.withoutZone}:${ports}`, host, port)) continue
    return `the list has this endpoint of Alibaba Cloud PrivateLink with the zone segment ${listed.zone}; take it out of the list, so that it says ${listed.withoutZone}:${ports}`
  }
  return undefined
}

function matchesEntry(entry: string, host: string, port: number): boolean {
  const { host: pattern, port: ports } = splitPort(entry.trim())
  const listed = pattern.includes('*') ? pattern.toLowerCase() : (canonicalHost(pattern) ?? pattern)
  return wildcard(`${listed}:${ports}`)(`${host}:${port}`)
}
