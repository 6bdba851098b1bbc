// What a cluster is. Comparisons are by flavour and number; abilities are looked up in cluster/capabilities.ts, not derived here.

export type Flavour = 'elasticsearch' | 'opensearch'

export interface ClusterVersion {
  readonly flavour: Flavour
  /** As the cluster says it, such as 7.10.2. */
  readonly number: string
  readonly major: number
  readonly minor: number
  readonly patch: number
}

/** Parses `elasticsearch-7.10.2` (flavour and number); undefined when it is neither. */
export function parseClusterVersion(text: string): ClusterVersion | undefined {
  const match = /^(elasticsearch|opensearch)-(\d+)\.(\d+)(?:\.(\d+))?/.exec(text)
  if (!match) return undefined
  const [, flavour, major, minor, patch = '0'] = match
  return {
    flavour: flavour as Flavour,
    number: `${major}.${minor}.${patch}`,
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch),
  }
}

/** `major.minor` as one comparable number: 7.10 is 710, 2.19 is 219, 17.4 is 1704. */
export const versionKey = (version: ClusterVersion): number => version.major * 100 + version.minor

export const isAtLeast = (version: ClusterVersion, flavour: Flavour, major: number, minor = 0): boolean =>
  version.flavour === flavour && versionKey(version) >= major * 100 + minor

export const formatVersion = (version: ClusterVersion): string =>
  `${version.flavour === 'opensearch' ? 'OpenSearch' : 'Elasticsearch'} ${version.number}`
