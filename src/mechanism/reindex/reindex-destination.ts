// The destination of a `_reindex` call before and after: created from the source's definition where it is missing and that serves, else
// left to the cluster, which makes it as it does for every document that is written to a name that is not there.
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { IndexferryError, isErrorOf } from '../../foundation/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts'
import type { ReindexRequest } from '../../model/reindex.ts'
import { fitsPattern } from '../../source/index-expression.ts'
import { readDefinition } from '../../source/read-definition.ts'
import { applyAliases } from '../../target/create-index.ts'
import type { DefinitionChange, PlannedIndex } from '../../transform/definition-plan.ts'
import { planDefinition } from '../../transform/plan-definition.ts'
import { createRelaxed, restoreTarget } from '../prepare-target.ts'
import type { FactsOf } from './reindex-facts.ts'
import { type ReadIndex, unlessForbidden } from './reindex-source.ts'

export interface DestinationOptions {
  readonly request: ReindexRequest
  readonly source: Cluster
  readonly target: Cluster
  readonly createIndex: 'fromSource' | 'dynamic'
  readonly facts: FactsOf
}

const relax = { keepRefresh: false, keepReplicas: false }

/** Throws INDEX_MISSING where the index is not there and the cluster would not make it. */
export async function prepareDestination(options: DestinationOptions, indexes: readonly ReadIndex[]): Promise<void> {
  const { request, target, createIndex, facts } = options
  const { index, requireAlias } = request.dest
  const found = await unlessForbidden(() => target.bytes({ method: 'HEAD', path: indexPath(index), accept: [404] }))
  if (found?.status !== 404 || requireAlias) return
  await checkAutoCreation(target, index)
  // What `<logs-{now/d}>` stands for is the cluster's to say, and may be another index tomorrow.
  if (createIndex === 'dynamic' || index.startsWith('<')) return
  const why = await createFromSource(options, indexes)
  if (why !== undefined) facts.note(`index ${index} is left to the cluster to create: ${why}`)
}

/** Returns why not. */
async function createFromSource(
  options: DestinationOptions,
  indexes: readonly ReadIndex[],
): Promise<string | undefined> {
  const { request, source, target, facts } = options
  const { index } = request.dest
  const [only] = indexes
  if (!only || indexes.length > 1) return `${indexes.length || 'unknown'} source indexes have no one definition`
  if (await hasTemplate(target, index)) return 'a template of the cluster says what it is like'
  const definition = await unlessForbidden(() => readDefinition(source, only.name))
  if (!definition) return `the definition of ${only.name} may not be read`
  const plan = planDefinition(definition, source.version, target.version, { name: index })
  const [planned] = plan.targets
  const [problem] = plan.problems
  if (problem) return `${problem.path}: ${problem.reason}`
  if (!planned || plan.targets.length > 1 || planned.typeField || planned.parentField)
    return `the mapping types of ${only.name} do not fit into one index of the cluster`
  return create(options, planned, plan.changes, facts)
}

async function create(
  { request, target }: DestinationOptions,
  planned: PlannedIndex,
  changes: readonly DefinitionChange[],
  facts: FactsOf,
): Promise<string | undefined> {
  const { index } = request.dest
  const unit = { name: index, sourceIndex: index, targetIndex: index, definition: planned.definition }
  const journal = {
    recordSavedSettings: (_unit: string, savedSettings: JsonObject) =>
      facts.save({
        created: true,
        savedSettings: savedSettings as Record<string, string | null>,
        aliases: planned.definition.aliases,
        documentType: planned.documentType,
      }),
    recordSettingsRestored: () => facts.save({ savedSettings: undefined }),
  }
  try {
    await createRelaxed(target, unit, relax, journal)
  } catch (error) {
    if (!isErrorOf(error, 'DEFINITION_REFUSED', 'INDEX_DIFFERS', 'REQUEST_REFUSED', 'PRIVILEGE_MISSING')) throw error
    facts.save({ created: undefined, savedSettings: undefined, aliases: undefined, documentType: undefined })
    return error.message
  }
  facts.note(`index ${index} was created from the definition of the source`)
  for (const { path, action, reason } of changes) facts.note(`${path} ${action}: ${reason}`)
  return undefined
}

type FinishOptions = Pick<DestinationOptions, 'request' | 'target' | 'facts'>

/**
 * Puts the settings back that were relaxed, and gives a created index its aliases. Twice is the same as once. Where it cannot, as with a
 * password that has changed meanwhile, the error says what is left to do, because nobody else will.
 */
export async function finishDestination(options: FinishOptions): Promise<void> {
  try {
    await finish(options)
  } catch (error) {
    const { savedSettings } = options.facts.all
    if (!savedSettings || !(error instanceof IndexferryError)) throw error
    const { index } = options.request.dest
    const { code, message, side, fields } = error
    const left = `the index ${index} is left with the settings of its loading and is to have ${JSON.stringify(savedSettings)}`
    const { serverError: _, reason, ...others } = fields
    throw new IndexferryError(code, `${message}; ${left}`, {
      side,
      // Answers quote what the cluster said.
      fields: typeof reason === 'string' ? { ...others, reason: `${reason.replace(/;$/, '')}; ${left}` } : others,
      remedy: `Give the index its settings by PUT /${index}/_settings.`,
      cause: error,
    })
  }
}

async function finish({ request, target, facts }: FinishOptions): Promise<void> {
  const { created, savedSettings, aliases } = facts.all
  if (!created) return
  const { index } = request.dest
  if (savedSettings) {
    await restoreTarget(target, { name: index, targetIndex: index }, savedSettings, {
      recordSavedSettings: () => {},
      recordSettingsRestored: () => facts.save({ savedSettings: undefined }),
    })
  }
  const own: JsonObject = {}
  for (const [alias, parameters] of Object.entries(aliases ?? {})) {
    // A name that the cluster has already stands for something else there.
    const { status } = await target.bytes({ method: 'HEAD', path: indexPath(alias), accept: [404] })
    if (status === 404) own[alias] = parameters
    else facts.note(`alias ${alias} of the source is left out: the cluster has that name already`)
  }
  const refused = await applyAliases(target, index, own, { writeIndex: 'leave' }).then(
    () => undefined,
    (error: unknown) => {
      if (!isErrorOf(error, 'PRIVILEGE_MISSING', 'REQUEST_REFUSED', 'INDEX_MISSING')) throw error
      return error.message
    },
  )
  if (refused !== undefined) facts.note(`the aliases of the source were refused: ${refused}`)
  facts.save({ aliases: undefined })
}

/** Whether a template that has mappings, or makes data streams, fits the name: then what the source has is not wanted. */
async function hasTemplate(cluster: Cluster, index: string): Promise<boolean> {
  const kinds = cluster.capabilities.composableTemplates ? ['/_template', '/_index_template'] : ['/_template']
  for (const path of kinds) {
    const answer = await unlessForbidden(() => cluster.json<JsonObject>({ method: 'GET', path, accept: [404] }))
    if (answer === undefined || !isJsonObject(answer.body)) continue
    if (templatesOf(answer.body).some((template) => decides(template, index))) return true
  }
  return false
}

function templatesOf(body: JsonObject): JsonObject[] {
  const listed = body.index_templates
  if (Array.isArray(listed))
    return listed.flatMap((entry) =>
      isJsonObject(entry) && isJsonObject(entry.index_template) ? [entry.index_template] : [],
    )
  return Object.values(body).filter(isJsonObject)
}

function decides(template: JsonObject, index: string): boolean {
  const patterns = template.index_patterns ?? template.template
  const texts = (Array.isArray(patterns) ? patterns : [patterns]).filter((text) => typeof text === 'string')
  if (!texts.some((pattern) => fitsPattern(index, pattern))) return false
  const isComposed = Array.isArray(template.composed_of) && template.composed_of.length > 0
  const inner = isJsonObject(template.template) ? template.template : template
  const { mappings } = inner
  return (
    isComposed || template.data_stream !== undefined || (isJsonObject(mappings) && Object.keys(mappings).length > 0)
  )
}

/** As the servers check it before anything is read (AutoCreateIndex): `false`, or a list of patterns with + and -. */
async function checkAutoCreation(cluster: Cluster, index: string): Promise<void> {
  const answer = await unlessForbidden(() =>
    cluster.json<JsonObject>({
      method: 'GET',
      path: '/_cluster/settings',
      query: { include_defaults: true, flat_settings: true },
      accept: [400, 404],
    }),
  )
  if (answer?.status !== 200 || !isJsonObject(answer.body)) return
  const { transient, persistent, defaults } = answer.body
  const setting = [transient, persistent, defaults]
    .map((group): JsonValue | undefined => (isJsonObject(group) ? group['action.auto_create_index'] : undefined))
    .find((value) => value !== undefined)
  const why = setting === undefined ? undefined : refusalOf(String(setting), index)
  if (why === undefined) return
  const reason = `no such index [${index}] and [action.auto_create_index] ${why}`
  throw new IndexferryError('INDEX_MISSING', `${cluster.side} ${cluster.name}: ${reason}`, {
    side: cluster.side,
    remedy: 'Create the index, or allow the cluster to create it (action.auto_create_index).',
    fields: { index, status: 404, errorType: 'index_not_found_exception', reason },
  })
}

/** Undefined: it may be created. */
function refusalOf(setting: string, index: string): string | undefined {
  if (setting === 'true') return undefined
  if (setting === 'false') return 'is [false]'
  for (const part of setting.split(',')) {
    const text = part.trim()
    if (!fitsPattern(index, text.replace(/^[+-]/, ''))) continue
    return text.startsWith('-') ? `contains [${text}] which forbids automatic creation of the index` : undefined
  }
  return `([${setting}]) doesn't match`
}
