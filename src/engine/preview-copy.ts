// What a copy would do, without doing it: `indexferry copy --dry-run`.
import { type CopyPlan, planCopy } from '../migration/copy-plan.ts'
import type { JsonObject } from '../model/json.ts'
import { checkDefinition } from '../target/create-index.ts'
import { planOptions } from './copy-request.ts'
import { type OpenSides, openSides } from './open-sides.ts'
import type { CopyRequest } from './start-copy.ts'

export interface CopyPreview {
  readonly indexes: readonly {
    readonly source: string
    readonly target: string
    /** What the target index would be created with. */
    readonly definition: JsonObject | undefined
  }[]
  readonly changes: CopyPlan['changes']
  /** Each would keep the copy from starting. */
  readonly problems: readonly Readonly<Record<string, unknown>>[]
}

/** Writes nothing but an index that is created and deleted at once, to hear what the target says to each definition. */
export async function previewCopy(request: Omit<CopyRequest, 'onStart'>): Promise<CopyPreview> {
  await using sides = await openSides(request.source, request.target, request.values, request.note)
  const plan = await planCopy(sides.source, sides.target, await planOptions(request.values, request.note))
  const refusals = await tryDefinitions(sides, plan)
  return {
    indexes: plan.units.map(({ name, targetIndex, definition }) => ({
      source: name,
      target: targetIndex,
      definition: definition && {
        mappings: definition.mappings,
        settings: definition.settings,
        aliases: definition.aliases,
      },
    })),
    changes: plan.changes,
    problems: [...plan.problems, ...refusals].map((problem) => problem.toJSON()),
  }
}

async function tryDefinitions({ target }: OpenSides, { units, problems }: CopyPlan) {
  const refusals = []
  if (target.kind === 'file' || problems.length > 0) return []
  for (const { definition, targetIndex } of units) {
    if (!definition) continue
    const refusal = await checkDefinition(target.cluster, { name: targetIndex, definition })
    if (refusal) refusals.push(refusal)
  }
  return refusals
}
