// The settings of an index for the target's version.
import type { JsonObject, JsonValue } from '../model/json.ts'
import { isJsonObject } from '../model/json.ts'
import { isAvailable } from './availability.ts'
import { rewriteAnalysis } from './rewrite-analysis.ts'
import type { RewriteContext } from './rewrite-context.ts'
import { flattenSettings, nestSettings } from './setting-paths.ts'
import { findSettingRule } from './setting-rules.ts'
import { changeSettingValue, changeSimilarityType, type ValueChange } from './setting-values.ts'

export function rewriteSettings(settings: JsonObject, context: RewriteContext): JsonObject {
  const { analysis, ...others } = settings
  const kept = new Map<string, JsonValue>()
  for (const [setting, value] of flattenSettings(others)) {
    const to = rewriteSetting(setting, value, context)
    if (to !== undefined) kept.set(setting, to)
  }
  dropSimilarityLeftovers(kept)
  dropUnneeded(kept, context)
  const made = nestSettings(kept)
  if (isJsonObject(analysis)) {
    const { analysis: rewritten, limits } = rewriteAnalysis(analysis, made, context)
    if (Object.keys(rewritten).length) made.analysis = rewritten
    Object.assign(made, limits)
  }
  return applyWishes(made, context)
}

function rewriteSetting(setting: string, value: JsonValue, context: RewriteContext): JsonValue | undefined {
  const { target, log } = context
  const path = `settings.${setting}`
  const rule = findSettingRule(setting)
  if (!rule) return keepUnknown(setting, value, context)
  if (!isAvailable(rule.in, target)) {
    // What is switched off is no loss.
    if (rule.reason && String(value) !== 'false') log.removed(path, value, rule.reason, rule.severity ?? 'note')
    return undefined
  }
  const change: ValueChange | undefined = /^similarity\.[^.]+\.type$/.test(setting)
    ? changeSimilarityType(value, target)
    : changeSettingValue(setting, value, target)
  if (!change) return value
  if (change.to === undefined) log.removed(path, value, change.reason, change.severity ?? 'note')
  else log.changed(path, value, change.to, change.reason, change.severity ?? 'note')
  return change.to
}

/** What no table knows is probably still there one major version later; anywhere else a server refuses the whole index for it. */
function keepUnknown(
  setting: string,
  value: JsonValue,
  { source, target, log }: RewriteContext,
): JsonValue | undefined {
  const steps = target.major - source.major
  if (source.flavour === target.flavour && steps >= 0 && steps <= 1) return value
  log.removed(
    `settings.${setting}`,
    value,
    'indexferry does not know whether the target has it; keep it with --set',
    'warning',
  )
  return undefined
}

/** BM25 takes none of the parameters of what it stands in for. */
function dropSimilarityLeftovers(kept: Map<string, JsonValue>): void {
  for (const [setting, value] of [...kept]) {
    const [, name] = /^similarity\.([^.]+)\.discount_overlaps$/.exec(setting) ?? []
    if (name && value !== undefined && kept.get(`similarity.${name}.type`) === undefined) kept.delete(setting)
  }
}

function dropUnneeded(kept: Map<string, JsonValue>, { target, options, log }: RewriteContext): void {
  const level = kept.get('codec.compression_level')
  if (level !== undefined && !/^(zstd|qat)/.test(String(options.set?.codec ?? kept.get('codec')))) {
    kept.delete('codec.compression_level')
    log.removed('settings.codec.compression_level', level, 'the codec has no levels')
  }
  const partition = kept.get('routing_partition_size')
  if (partition !== undefined && String(partition) === '1') kept.delete('routing_partition_size')
  const sortField = kept.get('sort.field')
  if (sortField !== undefined && target.flavour === 'elasticsearch' && kept.get('mode') === 'logsdb') {
    // logsdb sorts by host and time of its own accord, and shows that as if it had been set.
    for (const key of ['sort.field', 'sort.order', 'sort.mode', 'sort.missing']) kept.delete(key)
    log.removed('settings.sort', sortField, 'logsdb sorts by itself')
  }
}

/** `--shards`, `--replicas` and `--set` have the last word. */
function applyWishes(made: JsonObject, { options, log }: RewriteContext): JsonObject {
  const wishes: Record<string, JsonValue> = {}
  if (options.shards !== undefined) wishes.number_of_shards = String(options.shards)
  if (options.replicas !== undefined) wishes.number_of_replicas = String(options.replicas)
  for (const [setting, value] of Object.entries(options.set ?? {})) {
    for (const [path, each] of isJsonObject(value)
      ? flattenSettings({ [setting]: value })
      : [[setting.replace(/^index\./, ''), value] as const]) {
      wishes[path] = each
    }
  }
  const flat = new Map(flattenSettings(made))
  for (const [setting, value] of Object.entries(wishes)) {
    const below = [...flat.keys()].filter((path) => path === setting || path.startsWith(`${setting}.`))
    const before = flat.get(setting)
    if (value === null) {
      for (const path of below) {
        log.removed(`settings.${path}`, flat.get(path) ?? null, 'asked for with --set')
        flat.delete(path)
      }
    } else {
      if (before === undefined) log.added(`settings.${setting}`, value, 'asked for')
      else if (before !== value) log.changed(`settings.${setting}`, before, value, 'asked for')
      flat.set(setting, value)
    }
  }
  if (options.shards !== undefined) flat.delete('number_of_routing_shards')
  return nestSettings(flat)
}
