// Numbers as people write them: sizes (5mb, 1GiB), durations (30s, 5m) and counts (10k, 1_000_000). Everything that cannot be
// read exactly is `undefined`; the caller says which option it was.

const NUMBER = /^(\d{1,3}(?:[_,]\d{3})+|\d+)(\.\d+)?$/

/** A plain number; groups of three may be set apart by `_` or `,`. */
function parseNumber(text: string): number | undefined {
  const match = NUMBER.exec(text)
  return match ? Number(`${match[1]?.replaceAll(/[_,]/g, '')}${match[2] ?? ''}`) : undefined
}

function parseWithUnit(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^([\d_,.]+)\s*([a-z]*)$/i.exec(text.trim())
  if (!match) return undefined
  const unit = units[(match[2] as string).toLowerCase()]
  const number = parseNumber(match[1] as string)
  if (unit === undefined || number === undefined) return undefined
  const value = number * unit
  return Number.isSafeInteger(Math.round(value)) ? value : undefined
}

const whole = (value: number | undefined): number | undefined =>
  value !== undefined && Number.isInteger(value) ? value : undefined

const KIB = 1024

/**
 * Sizes in bytes. `kb`, `mb` and `gb` are powers of 1024, as in every size that Elasticsearch and OpenSearch take
 * (`ByteSizeValue`), so that a size means the same here and there.
 */
const byteUnits = {
  '': 1,
  b: 1,
  k: KIB,
  kb: KIB,
  kib: KIB,
  m: KIB ** 2,
  mb: KIB ** 2,
  mib: KIB ** 2,
  g: KIB ** 3,
  gb: KIB ** 3,
  gib: KIB ** 3,
  t: KIB ** 4,
  tb: KIB ** 4,
  tib: KIB ** 4,
}

/** `5mb`, `1GiB`, `1.5g`, `1048576`; in bytes, rounded to whole ones. */
export function parseByteSize(text: string): number | undefined {
  const bytes = parseWithUnit(text, byteUnits)
  return bytes === undefined ? undefined : Math.round(bytes)
}

const durationUnits = {
  ms: 1,
  s: 1000,
  sec: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** `250ms`, `30s`, `5m`, `1.5h`, `2d`; in milliseconds. A unit is required, because 30 alone could be either; 0 needs none. */
export function parseDuration(text: string): number | undefined {
  if (text.trim() === '0') return 0
  const ms = parseWithUnit(text, durationUnits)
  return ms === undefined ? undefined : Math.round(ms)
}

/** `10k`, `2.5m`, `1_000_000`; a whole number. Powers of 1000: these are things counted, not bytes. */
export const parseCount = (text: string): number | undefined =>
  whole(parseWithUnit(text, { '': 1, k: 1000, m: 1_000_000, g: 1_000_000_000 }))

/** `50%` or `0.5` as a part of one. */
export function parseShare(text: string): number | undefined {
  const percent = /^([\d.]+)\s*%$/.exec(text.trim())
  const share = percent ? Number(percent[1]) / 100 : /^\d*\.?\d+$/.test(text.trim()) ? Number(text) : Number.NaN
  return share >= 0 && share <= 1 ? share : undefined
}

/** A size for people: `512 B`, `5 MiB`, `1.5 GiB`. */
export function formatByteSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= KIB && unit < units.length - 1) {
    value /= KIB
    unit++
  }
  return `${value >= 100 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

/** A duration for people: `250 ms`, `30 s`, `5 min`, `1 h 30 min`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  const seconds = Math.round(ms / 1000)
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const
  const first = parts.findIndex(([amount]) => amount > 0)
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ')
}
