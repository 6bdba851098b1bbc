// Which snapshots a version restores, as data. Sources: the tables "Snapshot and restore version compatibility" of Elastic and
// OpenSearch, `minimumIndexCompatibilityVersion` of each server; tried on the servers of test/servers.
import type { ClusterVersion, Flavour } from '../model/cluster-version.ts'

/** What an index or a snapshot was made by. Minor and patch are only known as far as the number tells. */
export type MadeBy = Pick<ClusterVersion, 'flavour' | 'major' | 'minor' | 'patch'>

export type SnapshotRefusal = 'target older' | 'too far' | 'other product'

/** The oldest version whose indexes a major version opens. Those that are not listed open the one before. */
const oldestIndexes: Readonly<Record<string, readonly [Flavour, number]>> = {
  'elasticsearch 1': ['elasticsearch', 0],
  'elasticsearch 5': ['elasticsearch', 2],
  'opensearch 1': ['elasticsearch', 6],
  'opensearch 2': ['elasticsearch', 7],
}

/** OpenSearch 1 came out of Elasticsearch 7.10 and reads nothing that Elasticsearch made later. */
const lastSharedMinor = { major: 7, minor: 10 } as const

/** Ids of OpenSearch have this bit set, in addition to the digits that both have: 7100299 is 7.10.2. */
const openSearchBit = 0x8000000

/** `index.version.created` and `version_id` of snapshots; undefined when it is no number. */
export function madeByOfId(id: unknown): MadeBy | undefined {
  const number = Number(id)
  if (!Number.isSafeInteger(number) || number <= 0) return undefined
  const isOpenSearch = number >= openSearchBit
  const plain = isOpenSearch ? number - openSearchBit : number
  return {
    flavour: isOpenSearch ? 'opensearch' : 'elasticsearch',
    major: Math.floor(plain / 1_000_000),
    minor: Math.floor(plain / 10_000) % 100,
    patch: Math.floor(plain / 100) % 100,
  }
}

/** The versions in their order of descent: OpenSearch 1 follows Elasticsearch 7. */
const rank = ({ flavour, major }: Pick<MadeBy, 'flavour' | 'major'>): number =>
  flavour === 'opensearch' ? major + 7 : major

function oldestRank({ flavour, major }: MadeBy): number {
  const [oldestFlavour, oldestMajor] = oldestIndexes[`${flavour} ${major}`] ?? [flavour, major - 1]
  return rank({ flavour: oldestFlavour, major: oldestMajor })
}

const isSharedHistory = ({ major, minor }: MadeBy): boolean =>
  major < lastSharedMinor.major || (major === lastSharedMinor.major && minor <= lastSharedMinor.minor)

/** Whether a cluster restores snapshots of this version at all; undefined: it does. */
export function refuseSnapshot(snapshot: MadeBy, target: MadeBy): SnapshotRefusal | undefined {
  if (snapshot.flavour !== target.flavour) {
    if (target.flavour === 'elasticsearch' || !isSharedHistory(snapshot)) return 'other product'
  } else if (isNewer(snapshot, target)) return 'target older'
  return rank(snapshot) < oldestRank(target) ? 'too far' : undefined
}

/**
 * Since 8.11 Elasticsearch compares versions of indexes, which do not change with every patch, and of which not all have a release to
 * call them by (8.536.0).
 */
function isNewer(snapshot: MadeBy, target: MadeBy): boolean {
  if (snapshot.major !== target.major) return snapshot.major > target.major
  const countsIndexes = snapshot.flavour === 'elasticsearch' && snapshot.major >= 8
  if (countsIndexes && snapshot.minor >= 100) return false
  if (snapshot.minor !== target.minor) return snapshot.minor > target.minor
  return !countsIndexes && snapshot.patch > target.patch
}

/** Whether a cluster opens an index that was created by this version. `isReadOnly`: what Elasticsearch 9 asks of those of 7. */
export function opensIndex(created: MadeBy, target: MadeBy, isReadOnly = false): boolean {
  if (target.flavour === 'elasticsearch' && created.flavour === 'opensearch') return false
  const reach = isReadOnly && target.flavour === 'elasticsearch' && target.major === 9 ? 1 : 0
  return rank(created) >= oldestRank(target) - reach
}

export const formatMadeBy = ({ flavour, major, minor, patch }: MadeBy): string =>
  `${flavour === 'opensearch' ? 'OpenSearch' : 'Elasticsearch'} ${major}.${minor}.${patch}`
