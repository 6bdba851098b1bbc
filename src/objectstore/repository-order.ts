// In which order the files of a snapshot repository may appear, so that whoever reads the target meanwhile finds everything that a
// file refers to. What a cluster reads first comes last:
//
//   index.latest → index-N → snap-*.dat, meta-*.dat → indices/ID/… of the snapshots → __* (the blobs)
//
// Every other object is a blob: nothing refers to another object.

export const ranks = { blob: 0, shard: 1, snapshot: 2, index: 3, latest: 4 } as const
export type Rank = (typeof ranks)[keyof typeof ranks]
export const allRanks: readonly Rank[] = [0, 1, 2, 3, 4]

/** `indices/ID/meta-*.dat`, `indices/ID/0/snap-*.dat`, `indices/ID/0/index-*` */
const ofOneIndex = /(?:^|\/)indices\/[^/]+\/(?:\d+\/)?([^/]+)$/
const metadata = /^(?:snap|meta|index|snapshot|metadata)-/
/** Generation files; `index` alone is that of Elasticsearch 1. */
const index = /^index(?:-\d+)?$/
const ofRoot = /^(?:snap-|meta-|snapshot-|metadata-|incompatible-snapshots$)/

/** Of a key relative to what is moved, which may hold several repositories. */
export function rankOf(key: string): Rank {
  const inIndex = ofOneIndex.exec(key)?.[1]
  if (inIndex !== undefined) return metadata.test(inIndex) ? ranks.shard : ranks.blob
  const name = key.slice(key.lastIndexOf('/') + 1)
  if (name === 'index.latest') return ranks.latest
  if (index.test(name)) return ranks.index
  return ofRoot.test(name) ? ranks.snapshot : ranks.blob
}

/** The repository that an `index-N` or `index.latest` belongs to: empty or a path with its slash. */
export const rootOf = (key: string): string => key.slice(0, key.lastIndexOf('/') + 1)

/** N of `index-N`; -1 for what has none. */
export const generationOf = (key: string): number => Number(/(?:^|\/)index-(\d+)$/.exec(key)?.[1] ?? -1)
