// Dynamic templates: what they match on, and the mapping they give, for the target's version.
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'
import { isBefore } from './availability.ts'
import type { RewriteContext } from './rewrite-context.ts'
import { rewriteField } from './rewrite-field.ts'

export function rewriteDynamicTemplates(templates: JsonValue, path: string, context: RewriteContext): JsonValue {
  if (!Array.isArray(templates)) return templates
  return templates.flatMap((entry, position): JsonObject[] => {
    if (!isJsonObject(entry)) return []
    const [name = '', template] = Object.entries(entry)[0] ?? []
    if (!isJsonObject(template)) return []
    const at = `${path}.${position}.${name}`
    return rewriteTemplate(template, at, context).map((made, part) => ({
      [part === 0 ? name : `${name}_${part + 1}`]: made,
    }))
  })
}

/** One template, or several where a list of types has to be spelled out. */
function rewriteTemplate(template: JsonObject, path: string, context: RewriteContext): JsonObject[] {
  const { target, log } = context
  const made: JsonObject = { ...template }
  if ('runtime' in made && !(target.flavour === 'elasticsearch' && target.major * 100 + target.minor >= 711)) {
    log.removed(path, template, 'the target has no runtime fields', 'warning')
    return []
  }
  const takesLists = target.flavour === 'elasticsearch' && target.major * 100 + target.minor >= 809
  if ('unmatch_mapping_type' in made && !takesLists) {
    log.removed(`${path}.unmatch_mapping_type`, made.unmatch_mapping_type ?? null, 'it is not known there', 'warning')
    delete made.unmatch_mapping_type
  }
  if (isJsonObject(made.mapping)) {
    const mapping = rewriteTemplateMapping(made, made.mapping, path, context)
    if (!mapping) return []
    made.mapping = mapping
  }
  const types = matchedTypes(made.match_mapping_type, path, context)
  if (types === undefined) return [made]
  if (takesLists) return [{ ...made, match_mapping_type: types.length === 1 ? (types[0] ?? '*') : types }]
  return types.map((type) => ({ ...made, match_mapping_type: type }))
}

// Before 6.0 templates could match types that JSON does not tell apart; they never did.
const sameInJson: Readonly<Record<string, string>> = {
  integer: 'long',
  short: 'long',
  byte: 'long',
  float: 'double',
  text: 'string',
}

function matchedTypes(value: JsonValue | undefined, path: string, context: RewriteContext): string[] | undefined {
  if (value === undefined) return undefined
  const types = (Array.isArray(value) ? value : [value]).map(String)
  if (isBefore(context.target, 6)) return types
  const made = [...new Set(types.map((type) => sameInJson[type] ?? type))]
  if (made.join() !== types.join()) {
    context.log.changed(`${path}.match_mapping_type`, types, made, 'templates match the types of JSON since 6.0')
  }
  return made
}

function rewriteTemplateMapping(
  template: JsonObject,
  mapping: JsonObject,
  path: string,
  context: RewriteContext,
): JsonObject | undefined {
  const type = mapping.type
  const isPlaceholder = type === '{dynamic_type}' || type === '{dynamicType}'
  if (!isPlaceholder) {
    // A template without a type gives what JSON says, a string for a string; its parameters are those of that type.
    const guessed = type === undefined && template.match_mapping_type === 'string' ? stringType(mapping) : undefined
    const field = guessed ? { ...mapping, type: guessed } : mapping
    return rewriteField(field, { path: `${path}.mapping`, name: '' }, context)
  }
  // The type is known only when a field comes; parameters that some type refuses would refuse its document.
  const { index, ...rest } = mapping
  const made = rewriteField({ ...rest, type: '{dynamic_type}' }, { path: `${path}.mapping`, name: '' }, context) ?? {}
  if (index !== undefined && !isBefore(context.target, 5)) {
    const isIndexed = !(index === 'no' || index === false || index === 'false')
    if (!isIndexed) made.index = false
  } else if (index !== undefined) made.index = index
  return made
}

const stringType = (mapping: JsonObject): string | undefined =>
  typeof mapping.index === 'string' && ['analyzed', 'not_analyzed', 'no'].includes(mapping.index) ? 'string' : undefined
