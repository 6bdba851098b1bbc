// The index definition that the target gets: mappings, settings and aliases of the source in the words of the target's version, with
// every change named. Pure: what the tables say, not what this very target has installed; createIndex finds that out.
import type { ClusterVersion } from '../model/cluster-version.ts'
import type { IndexDefinition } from '../model/index-definition.ts'
import { isJsonObject, type JsonObject } from '../model/json.ts'
import { spelledOut } from './analysis-rules.ts'
import { type Availability, createdMajor, isAvailable, isBefore } from './availability.ts'
import { DefinitionLog } from './definition-log.ts'
import type { DefinitionOptions, DefinitionPlan, PlannedIndex } from './definition-plan.ts'
import { raiseLimits } from './mapping-limits.ts'
import { planTypes, type TypedPart } from './plan-types.ts'
import { rewriteAliases } from './rewrite-aliases.ts'
import type { RewriteContext } from './rewrite-context.ts'
import { rewriteSettings } from './rewrite-settings.ts'

export function planDefinition(
  source: IndexDefinition,
  sourceVersion: ClusterVersion,
  targetVersion: ClusterVersion,
  options: DefinitionOptions = {},
): DefinitionPlan {
  const log = new DefinitionLog()
  const { version } = source.settings
  const created = createdMajor(isJsonObject(version) ? version.created : undefined, sourceVersion)
  const context: RewriteContext = {
    source: sourceVersion,
    target: targetVersion,
    created,
    options,
    log,
    usedMaps: new Set(),
  }
  const own = ownDefinition(options.mappings)
  const parts = own ? [ownPart(own.mappings, source, context)] : planTypes(source.types, source.mappings, context)
  const settings = rewriteSettings({ ...source.settings, ...own?.settings }, context)
  const aliases = rewriteAliases(source.aliases, context)
  const name = options.name ?? source.name
  const targets = parts.map((part): PlannedIndex => {
    const definition: IndexDefinition = {
      name: `${name}${part.nameSuffix}`,
      types: part.types,
      mappings: part.mappings,
      settings: raiseLimits(
        part.mappings,
        spellOutAnalyzers(part.mappings, unsortNested(part.mappings, settings, context), context),
        context,
      ),
      aliases,
    }
    const { documentType, sourceTypes, typeField, parentField } = part
    return { name: definition.name, definition, documentType, sourceTypes, typeField, parentField }
  })
  if (!own) noteUnusedMaps(context)
  return { targets, changes: log.changes, problems: log.problems }
}

/** A file may hold a mapping, or mappings and settings, as the create-index API has them. */
function ownDefinition(file: JsonObject | undefined): { mappings: JsonObject; settings: JsonObject } | undefined {
  if (!file) return undefined
  if (!isJsonObject(file.mappings) && !isJsonObject(file.settings)) return { mappings: file, settings: {} }
  const settings = isJsonObject(file.settings) ? file.settings : {}
  const { index, ...others } = settings
  return {
    mappings: isJsonObject(file.mappings) ? file.mappings : {},
    settings: isJsonObject(index) ? { ...others, ...index } : settings,
  }
}

/** The user's own mapping goes to the target as it is, under a type where the target has types and the file names none. */
function ownPart(mappings: JsonObject, source: IndexDefinition, context: RewriteContext): TypedPart {
  const { target, log } = context
  log.changed('mappings', source.mappings, mappings, 'asked for with --mappings')
  const hasTypes = isBefore(target, 7)
  const rootKeys = [
    'properties',
    'dynamic',
    '_source',
    '_routing',
    'dynamic_templates',
    '_meta',
    'date_detection',
    'numeric_detection',
    'dynamic_date_formats',
    '_all',
  ]
  const isTyped = Object.keys(mappings).length > 0 && !Object.keys(mappings).some((key) => rootKeys.includes(key))
  const standard = isBefore(target, 6) ? 'doc' : '_doc'
  const typed = isTyped ? mappings : { [standard]: mappings }
  const types = Object.keys(typed)
  return {
    nameSuffix: '',
    sourceTypes: source.types.length ? source.types : undefined,
    types: hasTypes ? types : [],
    documentType: hasTypes && types.length === 1 ? types[0] : undefined,
    mappings: hasTypes
      ? typed
      : isTyped && types.length === 1
        ? ((typed[types[0] as string] as JsonObject) ?? {})
        : mappings,
    typeField:
      source.types.length > 1 && context.options.types === 'merge' ? (context.options.typeField ?? 'type') : undefined,
    parentField: undefined,
  }
}

/** With a pattern of indexes not every one has the field, so it is no error; but it may be a slip of the pen. */
function noteUnusedMaps({ options, log, usedMaps }: RewriteContext): void {
  for (const [field, wanted] of Object.entries(options.map ?? {})) {
    if (usedMaps.has(field) || field.startsWith('*.')) continue
    log.removed(`--map ${field}`, wanted, 'the index has no such field', 'warning')
  }
}

const sortsNested: Availability = { es: [816], os: [302] }

/** An index with nested fields cannot be sorted in most versions. */
function unsortNested(mappings: JsonObject, settings: JsonObject, { target, log }: RewriteContext): JsonObject {
  const { sort, ...others } = settings
  if (sort === undefined || isAvailable(sortsNested, target)) return settings
  if (!JSON.stringify(mappings).includes('"type":"nested"')) return settings
  log.removed('settings.sort', sort, 'the target does not sort indexes with nested fields', 'warning')
  return others
}

/** Analyzers that a mapping names and that every version had ready-made, until it had not. */
function spellOutAnalyzers(mappings: JsonObject, settings: JsonObject, { target, log }: RewriteContext): JsonObject {
  const text = JSON.stringify(mappings)
  const analysis = isJsonObject(settings.analysis) ? settings.analysis : {}
  const there = isJsonObject(analysis.analyzer) ? analysis.analyzer : {}
  const missing = Object.entries(spelledOut).filter(
    ([name, each]) => text.includes(`nalyzer":"${name}"`) && !isAvailable(each.in, target) && !(name in there),
  )
  if (missing.length === 0) return settings
  for (const [name, { analyzer }] of missing) {
    log.added(`settings.analysis.analyzer.${name}`, analyzer, 'the target no longer has it ready-made')
  }
  const added = Object.fromEntries(missing.map(([name, { analyzer }]) => [name, analyzer]))
  return { ...settings, analysis: { ...analysis, analyzer: { ...there, ...added } } }
}
