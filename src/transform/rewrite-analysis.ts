// Analyzers, tokenizers and filters of an index for the target's version.
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'
import {
  type AnalysisKind,
  analyzerAliases,
  defaultIndexAnalyzer,
  differenceLimits,
  fileParameters,
  goneParameters,
  newer,
  normalizers,
  renamed,
  renamedBack,
  standardFilter,
} from './analysis-rules.ts'
import { everywhere, isAvailable } from './availability.ts'
import type { RewriteContext } from './rewrite-context.ts'

export interface RewrittenAnalysis {
  readonly analysis: JsonObject
  /** Settings that the target wants beside it. */
  readonly limits: JsonObject
}

const kinds: readonly AnalysisKind[] = ['analyzer', 'tokenizer', 'filter', 'char_filter', 'normalizer']

export function rewriteAnalysis(
  analysis: JsonObject,
  settings: JsonObject,
  context: RewriteContext,
): RewrittenAnalysis {
  const made: JsonObject = {}
  const removedFilters = standardFilters(analysis, context)
  for (const [kind, parts] of Object.entries(analysis)) {
    if (!isJsonObject(parts)) continue
    if (kind === 'normalizer' && !isAvailable(normalizers, context.target)) {
      context.log.removed('settings.analysis.normalizer', parts, 'there are no normalizers before 5.2', 'warning')
      continue
    }
    const known = kinds.find((each) => each === kind)
    made[kind] = known ? rewriteParts(known, parts, removedFilters, context) : parts
  }
  return { analysis: made, limits: neededLimits(made, settings, context) }
}

/** Filters of the index that only give the filter `standard` a name. */
function standardFilters(analysis: JsonObject, { target }: RewriteContext): ReadonlySet<string> {
  if (isAvailable(standardFilter, target)) return new Set()
  const filters = isJsonObject(analysis.filter) ? analysis.filter : {}
  const named = Object.entries(filters).filter(([, filter]) => isJsonObject(filter) && filter.type === 'standard')
  return new Set(['standard', ...named.map(([name]) => name)])
}

function rewriteParts(
  kind: AnalysisKind,
  parts: JsonObject,
  removedFilters: ReadonlySet<string>,
  context: RewriteContext,
): JsonObject {
  const made: JsonObject = {}
  for (const [name, part] of Object.entries(parts)) {
    if (!isJsonObject(part)) continue
    const path = `settings.analysis.${kind}.${name}`
    if (kind === 'filter' && removedFilters.has(name) && part.type === 'standard') {
      context.log.removed(path, part, 'the token filter standard did nothing, and is gone since 7.0')
      continue
    }
    made[partName(kind, name, path, context)] = rewritePart(kind, part, path, removedFilters, context)
  }
  return made
}

function partName(kind: AnalysisKind, name: string, path: string, { target, log }: RewriteContext): string {
  if (kind !== 'analyzer' || name !== 'default_index' || isAvailable(defaultIndexAnalyzer, target)) return name
  log.changed(path, name, 'default', 'it was renamed in 5.0')
  return 'default'
}

function rewritePart(
  kind: AnalysisKind,
  part: JsonObject,
  path: string,
  removedFilters: ReadonlySet<string>,
  context: RewriteContext,
): JsonObject {
  const made: JsonObject = { ...part }
  const { target, log } = context
  if (typeof made.type === 'string') made.type = rename(kind, made.type, `${path}.type`, context)
  for (const [name, available] of Object.entries(goneParameters)) {
    if (!(name in made) || isAvailable(available, target)) continue
    log.removed(`${path}.${name}`, made[name] ?? null, 'it is gone since 2.0')
    delete made[name]
  }
  if (kind === 'analyzer' && 'alias' in made && !isAvailable(analyzerAliases, target)) {
    log.removed(`${path}.alias`, made.alias ?? null, 'analyzers have one name since 5.0', 'warning')
    delete made.alias
  }
  rewriteChains(kind, made, path, removedFilters, context)
  for (const name of fileParameters) {
    if (typeof made[name] !== 'string') continue
    log.changed(
      `${path}.${name}`,
      made[name],
      made[name],
      `the file ${made[name]} must be there on every node of the target`,
      'warning',
    )
  }
  if (typeof made.synonyms_set === 'string' && target.flavour === 'opensearch') {
    log.problem(
      `${path}.synonyms_set`,
      'OpenSearch has no synonym sets',
      `Give the synonyms with --set 'analysis.filter.NAME.synonyms=[…]' and leave the set out with --set analysis.filter.NAME.synonyms_set=null.`,
    )
  }
  return made
}

/** The tokenizer and filters that an analyzer, normalizer or filter of filters names. */
function rewriteChains(
  kind: AnalysisKind,
  part: JsonObject,
  path: string,
  removedFilters: ReadonlySet<string>,
  context: RewriteContext,
): void {
  if (typeof part.tokenizer === 'string')
    part.tokenizer = rename('tokenizer', part.tokenizer, `${path}.tokenizer`, context)
  const chains = kind === 'filter' ? (['filter', 'filters'] as const) : (['filter', 'char_filter'] as const)
  for (const chain of chains) {
    const before = part[chain]
    if (before === undefined || isJsonObject(before)) continue
    const listed = Array.isArray(before) ? before : [before]
    const parts = chain === 'char_filter' ? 'char_filter' : 'filter'
    const after = listed
      .filter((name) => parts !== 'filter' || !removedFilters.has(String(name)))
      .map((name): JsonValue => rename(parts, String(name), `${path}.${chain}`, context))
    if (after.length < listed.length) {
      context.log.changed(
        `${path}.${chain}`,
        before,
        after,
        'the token filter standard did nothing, and is gone since 7.0',
      )
    }
    part[chain] = after
  }
}

function rename(kind: AnalysisKind, name: string, path: string, context: RewriteContext): string {
  const { target, log } = context
  const forward = renamed[kind][name]
  const change = forward && isAvailable(forward.in ?? everywhere, target) ? forward : renamedBack[name]
  if (change && isAvailable(change.in ?? everywhere, target)) {
    log.changed(path, name, change.to, 'it was renamed')
    return change.to
  }
  const available = newer[kind]?.[name]
  if (available && !isAvailable(available, target)) {
    const setting = path.replace(/^settings\./, '')
    log.problem(
      path,
      `the target has no ${kind.replace('_', ' ')} ${name}`,
      `Replace it with --set ${setting}=… or give your own with --mappings FILE.`,
    )
  }
  return name
}

/** Since 7.0 a wide ngram or shingle has to be allowed by a setting of the index. */
function neededLimits(analysis: JsonObject, settings: JsonObject, { target, log }: RewriteContext): JsonObject {
  if (!isAvailable(differenceLimits, target)) return {}
  const parts = [analysis.filter, analysis.tokenizer]
    .filter(isJsonObject)
    .flatMap((each) => Object.values(each))
    .filter(isJsonObject)
  const number = (value: JsonValue | undefined, standard: number): number =>
    value === undefined ? standard : Number(value)
  const ngrams = parts
    .filter(({ type }) => type === 'ngram')
    .map((each) => number(each.max_gram, 2) - number(each.min_gram, 1))
  const shingles = parts
    .filter(({ type }) => type === 'shingle')
    .map(
      (each) =>
        number(each.max_shingle_size, 2) -
        number(each.min_shingle_size, 2) +
        (String(each.output_unigrams ?? true) === 'false' ? 0 : 1),
    )
  const limits: JsonObject = {}
  const raise = (setting: string, needed: number, allowed: number): void => {
    if (needed <= number(settings[setting], allowed)) return
    limits[setting] = String(needed)
    log.added(`settings.${setting}`, String(needed), 'since 7.0 the analysis of this index needs it')
  }
  raise('max_ngram_diff', Math.max(0, ...ngrams), 1)
  raise('max_shingle_diff', Math.max(0, ...shingles), 3)
  return limits
}
