// Limits on mappings, which came in 5.0: an index from before may lie above them, and so may types that were merged.
import { isJsonObject, type JsonObject } from '../model/json.ts'
import { isBefore } from './availability.ts'
import type { RewriteContext } from './rewrite-context.ts'

interface MappingSize {
  fields: number
  depth: number
  nested: number
}

const limits = [
  { setting: 'total_fields', size: 'fields', standard: 1000 },
  { setting: 'depth', size: 'depth', standard: 20 },
  { setting: 'nested_fields', size: 'nested', standard: 50 },
] as const

/** Raises a limit that the mapping itself passes; room for new fields is as large as the standard. */
export function raiseLimits(mappings: JsonObject, settings: JsonObject, { target, log }: RewriteContext): JsonObject {
  if (isBefore(target, 5)) return settings
  const size: MappingSize = { fields: 0, depth: 0, nested: 0 }
  const hasTypes = isBefore(target, 7)
  for (const mapping of hasTypes ? Object.values(mappings).filter(isJsonObject) : [mappings]) measure(mapping, 1, size)
  const raisable = isJsonObject(settings.mapping) ? { ...settings.mapping } : {}
  let isRaised = false
  for (const limit of limits) {
    const there = raisable[limit.setting]
    const given = isJsonObject(there) ? there.limit : undefined
    if (size[limit.size] <= Number(given ?? limit.standard)) continue
    const raised = String(size[limit.size] + limit.standard)
    raisable[limit.setting] = { ...(isJsonObject(there) ? there : {}), limit: raised }
    log.added(
      `settings.mapping.${limit.setting}.limit`,
      raised,
      'the mapping is larger than the target allows otherwise',
    )
    isRaised = true
  }
  return isRaised ? { ...settings, mapping: raisable } : settings
}

/** Adds up fields, multi-fields and objects. */
function measure(mapping: JsonObject, depth: number, size: MappingSize): void {
  for (const key of ['properties', 'fields'] as const) {
    const children = mapping[key]
    if (!isJsonObject(children)) continue
    size.depth = Math.max(size.depth, depth)
    for (const child of Object.values(children).filter(isJsonObject)) {
      size.fields++
      if (child.type === 'nested') size.nested++
      measure(child, depth + 1, size)
    }
  }
}
