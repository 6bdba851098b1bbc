// The plan of a copy: which documents go where, what the target indexes are created with, and what stands against it.
import type { Cluster } from '../cluster/cluster.ts'
import { IndexferryError } from '../foundation/errors.ts'
import type { CopyUnit } from '../mechanism/copy-unit.ts'
import type { SourceSide, TargetSide } from '../mechanism/open-unit.ts'
import { readIndexUuid } from '../mechanism/prepare-target.ts'
import type { IndexDefinition } from '../model/index-definition.ts'
import { readDefinition } from '../source/read-definition.ts'
import { type ResolvedIndex, resolveIndexes } from '../source/resolve-indexes.ts'
import { findSourceGap } from '../source/stored-source.ts'
import type { DefinitionChange, DefinitionOptions, PlannedIndex } from '../transform/definition-plan.ts'
import { planDefinition } from '../transform/plan-definition.ts'
import { createTargetNames, type TargetNaming } from '../transform/target-names.ts'

export interface PlanOptions {
  readonly naming: Omit<TargetNaming, 'targetName' | 'sourcePattern'>
  readonly definition: DefinitionOptions
  readonly allowIncompleteSource: boolean
  readonly note: (text: string) => void
}

export interface CopyPlan {
  readonly units: readonly CopyUnit[]
  readonly changes: readonly (DefinitionChange & { readonly index: string })[]
  /** Each makes the copy refuse to start. */
  readonly problems: readonly IndexferryError[]
}

/** Reads both sides and changes nothing. Throws what makes planning impossible; problems of single indexes are in the plan. */
export async function planCopy(source: SourceSide, target: TargetSide, options: PlanOptions): Promise<CopyPlan> {
  if (source.kind === 'file') return planFromFile(source, target, options)
  const targetName = target.kind === 'cluster' ? target.name : undefined
  const nameOf = createTargetNames({ ...options.naming, targetName, sourcePattern: source.expression })
  const indexes = await resolveIndexes(source.cluster, source.expression, { note: options.note })
  const plans: CopyPlan[] = []
  for (const index of indexes) plans.push(await planIndex(index, nameOf, source.cluster, target, options))
  const plan: CopyPlan = {
    units: plans.flatMap(({ units }) => units),
    changes: plans.flatMap(({ changes }) => changes),
    problems: plans.flatMap(({ problems }) => problems),
  }
  return { ...plan, problems: [...plan.problems, ...(target.kind === 'cluster' ? collisions(plan.units) : [])] }
}

async function planIndex(
  index: ResolvedIndex,
  nameOf: (index: string) => string,
  source: Cluster,
  target: TargetSide,
  options: PlanOptions,
): Promise<CopyPlan> {
  const definition = await readDefinition(source, index.name)
  const problems = [...sourceProblems(source, definition, options)]
  const common = {
    sourceIndex: index.name,
    sourceUuid: await readIndexUuid(source, index.name),
    aliasFilter: index.alias?.filter,
  }
  if (target.kind === 'file') {
    return { units: [{ ...common, name: index.name, targetIndex: nameOf(index.name) }], changes: [], problems }
  }
  const stream = index.dataStream && target.cluster.capabilities.dataStreams ? index.dataStream : undefined
  const wantedName = nameOf(stream?.name ?? index.name)
  const plan = planDefinition(definition, source.version, target.cluster.version, {
    ...options.definition,
    name: wantedName,
  })
  for (const { path, reason, remedy } of plan.problems) {
    const sentence = `index ${index.name}, ${path}: ${reason}`
    problems.push(
      new IndexferryError('DEFINITION_UNSUPPORTED', sentence, {
        side: 'target',
        remedy,
        fields: { index: index.name },
      }),
    )
  }
  const units = plan.targets.map((planned): CopyUnit => {
    const unit = { ...common, ...unitOf(planned, index.name, plan.targets.length > 1) }
    return stream ? { ...unit, dataStream: { name: wantedName, timeField: stream.timeField } } : unit
  })
  return { units, changes: plan.changes.map((change) => ({ ...change, index: index.name })), problems }
}

function unitOf(planned: PlannedIndex, index: string, isSplit: boolean): CopyUnit {
  const { name, definition, documentType, sourceTypes, typeField, parentField } = planned
  const sourceType = isSplit ? sourceTypes?.[0] : undefined
  return {
    name: sourceType === undefined ? index : `${index}/${sourceType}`,
    sourceIndex: index,
    targetIndex: name,
    definition,
    documentType,
    sourceType,
    typeField,
    parentField,
    // Two types of one index may hold the same id, one index may not.
    hasTypedIds: typeField !== undefined && (sourceTypes?.length ?? 0) > 1,
  }
}

function* sourceProblems(
  source: Cluster,
  definition: IndexDefinition,
  { allowIncompleteSource, note }: PlanOptions,
): Generator<IndexferryError> {
  const gap = findSourceGap(definition)
  if (!gap) return
  if (gap.kind === 'synthetic' || allowIncompleteSource) {
    note(`index ${definition.name}: ${gap.reason}`)
    return
  }
  yield new IndexferryError(
    'SOURCE_NOT_STORED',
    `source ${source.name}: index ${definition.name} cannot be copied whole: ${gap.reason}`,
    {
      side: 'source',
      fields: { index: definition.name },
    },
  )
}

/** Two indexes into one would overwrite each other's documents of the same id. Backing indexes of one data stream never do. */
function* collisions(units: readonly CopyUnit[]): Generator<IndexferryError> {
  const byTarget = Map.groupBy(units, (unit) => unit.targetIndex)
  for (const [target, colliding] of byTarget) {
    const streams = new Set(colliding.map((unit) => unit.dataStream?.name))
    if (colliding.length < 2 || (streams.size === 1 && !streams.has(undefined))) continue
    const names = colliding.map((unit) => unit.name)
    yield new IndexferryError(
      'TARGETS_COLLIDE',
      `${names.slice(0, 5).join(', ')} would all be written into ${target}`,
      {
        fields: { target },
      },
    )
  }
}

/** A file says nothing of definitions: an index that is there is used, one that is not is created with what the user gave. */
function planFromFile(source: SourceSide & { kind: 'file' }, target: TargetSide, options: PlanOptions): CopyPlan {
  if (target.kind === 'file') {
    const name = source.file === '-' ? 'documents' : source.file
    return { units: [{ name, sourceIndex: 'documents', targetIndex: 'documents' }], changes: [], problems: [] }
  }
  if (target.name === undefined || target.name.includes('*')) {
    throw new IndexferryError('LOCATION_INVALID', 'TARGET must name the index that the documents of the file go to', {
      remedy: 'Write https://host:9200/INDEX.',
    })
  }
  const empty: IndexDefinition = { name: target.name, types: [], mappings: {}, settings: {}, aliases: {} }
  const { version } = target.cluster
  const plan = planDefinition(empty, version, version, { ...options.definition, name: target.name })
  const [planned] = plan.targets
  const type =
    target.cluster.capabilities.mappingTypes === 'several' ? (planned?.documentType ?? 'doc') : planned?.documentType
  const unit: CopyUnit = {
    name: source.file,
    sourceIndex: target.name,
    targetIndex: target.name,
    definition: planned?.definition,
    documentType: type,
  }
  return { units: [unit], changes: [], problems: [] }
}
