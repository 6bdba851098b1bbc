// A whole mapping (one mapping type, or the mapping of an index without types) for the target's version.
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'
import { isAvailable, isBefore } from './availability.ts'
import { rewriteDateFormat } from './date-formats.ts'
import { rewriteDynamicTemplates } from './dynamic-templates.ts'
import { rewriteDynamic } from './dynamic-values.ts'
import type { RewriteContext } from './rewrite-context.ts'
import { rewriteFields } from './rewrite-field.ts'
import { rootRules, sourceParts } from './root-fields.ts'

export function rewriteMapping(mapping: JsonObject, path: string, context: RewriteContext): JsonObject {
  const made: JsonObject = {}
  for (const [name, value] of Object.entries(mapping)) {
    const kept = rewriteRootEntry(name, value, `${path}.${name}`, context)
    if (kept !== undefined) made[name] = kept
  }
  rewriteDynamic(made, path, context)
  return made
}

function rewriteRootEntry(
  name: string,
  value: JsonValue,
  path: string,
  context: RewriteContext,
): JsonValue | undefined {
  if (name === 'properties') {
    return isJsonObject(value) ? rewriteFields(value, { path, name: '' }, context) : {}
  }
  if (name === 'dynamic_templates') return rewriteDynamicTemplates(value, path, context)
  if (name === 'dynamic_date_formats') return rewriteDetectedFormats(value, path, context)
  if (name === '_source' || name === '_routing') return rewriteParts(value, path, context)
  if (name === '_size' && isJsonObject(value) && value.enabled !== true && value.enabled !== 'true') return undefined
  const rule = rootRules[name]
  if (!rule || isAvailable(rule.in, context.target)) return value
  context.log.removed(path, value, rule.reason, rule.isLoss?.(value) ? 'warning' : 'note')
  return undefined
}

function rewriteDetectedFormats(value: JsonValue, path: string, context: RewriteContext): JsonValue {
  if (!Array.isArray(value)) return value
  // A string of digits must not become a date, so what a date field takes as a number is not detected.
  const made = value.map((format) =>
    rewriteDateFormat(String(format), context)
      .split('||')
      .filter((part, _, parts) => parts.length === 1 || !part.startsWith('epoch_'))
      .join('||'),
  )
  if (made.join() !== value.join()) context.log.changed(path, value, made, 'date formats are written differently there')
  return made
}

function rewriteParts(value: JsonValue, path: string, { target, log }: RewriteContext): JsonValue | undefined {
  if (!isJsonObject(value)) return undefined
  const made: JsonObject = {}
  for (const [name, part] of Object.entries(value)) {
    const available = sourceParts[name]
    if (!available || isAvailable(available, target)) {
      made[name] = typeof part === 'string' && (part === 'true' || part === 'false') ? part === 'true' : part
    } else if (name === 'mode' && part === 'synthetic') {
      log.removed(`${path}.${name}`, part, '_source is kept as written, which takes more space', 'warning')
    } else if (name === 'path') {
      log.removed(`${path}.${name}`, part, 'routing is given with each document since 2.0; that of the source is kept')
    } else log.removed(`${path}.${name}`, part, 'it is not known there')
  }
  return Object.keys(made).length ? made : undefined
}

/** What a document type becomes whose documents are stored queries: since 5.0 a query is a field of type percolator. */
export function percolatorMapping(mapping: JsonObject, context: RewriteContext): JsonObject {
  if (isBefore(context.target, 5)) return mapping
  const properties = isJsonObject(mapping.properties) ? mapping.properties : {}
  return { ...mapping, properties: { ...properties, query: { type: 'percolator' } } }
}
