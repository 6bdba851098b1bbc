// The settings of a whole cluster, and how much its disk watermarks leave for new shards.
import { parseByteSize } from '../foundation/quantity.ts'
import { isJsonObject, type JsonObject } from '../model/json.ts'

/** Settings by their dotted names; what was set wins over defaults. */
export type ClusterSettings = ReadonlyMap<string, string>

/** The answer to `_cluster/settings?flat_settings&include_defaults`. */
export function decodeClusterSettings(body: JsonObject): ClusterSettings {
  const settings = new Map<string, string>()
  for (const level of ['defaults', 'persistent', 'transient'] as const) {
    const group = body[level]
    for (const [name, value] of Object.entries(isJsonObject(group) ? group : {})) settings.set(name, String(value))
  }
  return settings
}

export interface NodeDisk {
  readonly node: string
  readonly totalBytes: number
  readonly availableBytes: number
}

/** The servers' defaults; nodes that do not show their settings have them too, most likely. */
const defaults = { low: '85%', flood_stage: '95%' } as const

/** Bytes that all nodes together take until they reach the watermark. */
export function usableBytes(
  disks: readonly NodeDisk[],
  settings: ClusterSettings,
  mark: keyof typeof defaults,
): number {
  const prefix = 'cluster.routing.allocation.disk'
  if (settings.get(`${prefix}.threshold_enabled`) === 'false') {
    return disks.reduce((sum, { availableBytes }) => sum + availableBytes, 0)
  }
  const name = `${prefix}.watermark.${mark}`
  const wanted = settings.get(name) ?? defaults[mark]
  const headroom = parseByteSize(settings.get(`${name}.max_headroom`) ?? '') ?? Number.POSITIVE_INFINITY
  return disks.reduce((sum, disk) => {
    const keep = Math.min(keptFree(wanted, disk.totalBytes), headroom > 0 ? headroom : Number.POSITIVE_INFINITY)
    return sum + Math.max(0, disk.availableBytes - keep)
  }, 0)
}

/** `85%` and `0.85` are the part in use, `50gb` is what must stay free. Bytes know no headroom, which is larger anyway. */
function keptFree(watermark: string, totalBytes: number): number {
  const percent = /^([\d.]+)%$/.exec(watermark)
  if (percent) return totalBytes * (1 - Number(percent[1]) / 100)
  if (/^[01]?\.\d+$|^[01]$/.test(watermark)) return totalBytes * (1 - Number(watermark))
  return parseByteSize(watermark) ?? 0
}
