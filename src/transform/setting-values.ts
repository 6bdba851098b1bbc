// Settings that all versions have, but not with the same values.
import type { ClusterVersion } from '../model/cluster-version.ts'
import type { JsonValue } from '../model/json.ts'
import { type Availability, isAvailable, isBefore } from './availability.ts'

export interface ValueChange {
  /** Undefined leaves the setting out. */
  readonly to: JsonValue | undefined
  readonly reason: string
  readonly severity?: 'warning'
}

type Mend = (value: string, target: ClusterVersion) => ValueChange | undefined

/** What becomes of a value; undefined where it is good as it is. */
export function changeSettingValue(setting: string, value: JsonValue, target: ClusterVersion): ValueChange | undefined {
  if (typeof value === 'object') return undefined
  return mends[setting]?.(String(value), target)
}

interface Codec {
  readonly in: Availability
  readonly instead: string
}

// Names of Lucene's own codecs are a matter of one version.
const codecs: Readonly<Record<string, Codec>> = {
  default: { in: { es: [0], os: [100] }, instead: 'default' },
  lz4: { in: { os: [209] }, instead: 'default' },
  best_compression: { in: { es: [200], os: [100] }, instead: 'default' },
  zlib: { in: { os: [209] }, instead: 'best_compression' },
  lucene_default: { in: { es: [0], os: [100] }, instead: 'default' },
  legacy_default: { in: { es: [816] }, instead: 'default' },
  legacy_best_compression: { in: { es: [814] }, instead: 'best_compression' },
  zstd: { in: { os: [209] }, instead: 'best_compression' },
  zstd_no_dict: { in: { os: [209] }, instead: 'best_compression' },
  qat_lz4: { in: { os: [214] }, instead: 'default' },
  qat_deflate: { in: { os: [214] }, instead: 'best_compression' },
  qat_zstd: { in: { os: [302] }, instead: 'best_compression' },
}

const stores: Readonly<Record<string, Codec>> = {
  default: { in: { es: [0, 600] }, instead: 'fs' },
  fs: { in: { es: [0], os: [100] }, instead: 'fs' },
  hybridfs: { in: { es: [605], os: [100] }, instead: 'fs' },
  niofs: { in: { es: [200], os: [100] }, instead: 'niofs' },
  mmapfs: { in: { es: [200], os: [100] }, instead: 'mmapfs' },
  // Gone from the later versions of both, and slow in all.
  simplefs: { in: { es: [0, 700] }, instead: 'niofs' },
  mmap_fs: { in: { es: [0, 200] }, instead: 'mmapfs' },
  nio_fs: { in: { es: [0, 200] }, instead: 'niofs' },
  simple_fs: { in: { es: [0, 200] }, instead: 'niofs' },
}

function byTable(table: Readonly<Record<string, Codec>>, fallback: string): Mend {
  return (value, target) => {
    const known = table[value]
    if (known && isAvailable(known.in, target)) return undefined
    let to = known?.instead ?? fallback
    // A stand-in may itself be too new: best_compression is none of 1.x.
    if (!isAvailable(table[to]?.in ?? {}, target)) to = fallback
    return to === value ? undefined : { to, reason: `the target does not know ${value}` }
  }
}

const mends: Readonly<Record<string, Mend>> = {
  codec: byTable(codecs, 'default'),
  'store.type': byTable(stores, 'fs'),
  'soft_deletes.enabled': (value, target) => {
    const isChoice = target.flavour === 'elasticsearch' ? target.major < 8 : target.major < 2
    return value === 'false' && !isChoice
      ? { to: undefined, reason: 'soft deletes cannot be switched off there' }
      : undefined
  },
  mode: (value) =>
    value === 'time_series'
      ? { to: undefined, reason: 'the copy is no time series: their ids cannot be chosen', severity: 'warning' }
      : undefined,
  'shard.check_on_startup': (value, target) =>
    value === 'fix' && !isBefore(target, 7) ? { to: 'false', reason: 'it does not mend shards since 7.0' } : undefined,
}

/** `similarity.NAME.type`: TF/IDF is `default` before 5.0, `classic` in 5 and 6, and gone since. */
export function changeSimilarityType(value: JsonValue, target: ClusterVersion): ValueChange | undefined {
  if (value !== 'default' && value !== 'classic') return undefined
  const to = isBefore(target, 5) ? 'default' : isBefore(target, 7) ? 'classic' : 'BM25'
  if (to === value) return undefined
  return to === 'BM25'
    ? { to, reason: 'TF/IDF is gone; BM25 scores instead', severity: 'warning' }
    : { to, reason: 'it was renamed' }
}
