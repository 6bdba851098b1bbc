// In which versions something exists: the form of every table about versions in this room.
import { type ClusterVersion, versionKey } from '../model/cluster-version.ts'

/** From a version on, until before another: `[500, 700]` is 5.0 up to, and without, 7.0. */
export type Span = readonly [since: number, before?: number]

/** What is not named does not have it. */
export interface Availability {
  readonly es?: Span
  readonly os?: Span
}

export const everywhere: Availability = { es: [0], os: [0] }
export const nowhere: Availability = {}

export function isAvailable(availability: Availability, version: ClusterVersion): boolean {
  const span = version.flavour === 'opensearch' ? availability.os : availability.es
  if (!span) return false
  const [since, before = Number.POSITIVE_INFINITY] = span
  const key = versionKey(version)
  return key >= since && key < before
}

/** Elasticsearch before this major version; never OpenSearch, which began as Elasticsearch 7.10. */
export const isBefore = (version: ClusterVersion, major: number): boolean =>
  version.flavour === 'elasticsearch' && version.major < major

/** The version that created an index, from its setting `version.created`; an index keeps the habits of that version. */
export function createdMajor(created: unknown, server: ClusterVersion): { es: number } | { os: number } {
  const id = Number(created)
  if (Number.isSafeInteger(id) && id > 0) {
    // OpenSearch marks its own ids with this bit; those without it were made by Elasticsearch.
    const isOpenSearch = Math.floor(id / 0x08000000) % 2 === 1
    return isOpenSearch ? { os: Math.floor((id - 0x08000000) / 1_000_000) } : { es: Math.floor(id / 1_000_000) }
  }
  return server.flavour === 'opensearch' ? { os: server.major } : { es: server.major }
}
