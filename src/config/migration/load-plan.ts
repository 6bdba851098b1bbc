// Reads a plan of `indexferry migrate` and says everything that is wrong with it at once.
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { IndexferryError } from '../../foundation/errors.ts'
import type { JourneyPlan } from '../../migration/snapshot-journey/journey-plan.ts'
import {
  byPosition,
  type ConfigMap,
  type ConfigNode,
  type ConfigTree,
  configError,
  isConfigMap,
  isConfigText,
} from '../gateway/config-tree.ts'
import { problemsOf } from '../gateway/problems-of-issues.ts'
import { readConfigTree } from '../gateway/read-config-tree.ts'
import type { Environment } from '../parse-options.ts'
import { planOf, planSchema } from './plan-schema.ts'

export interface LoadedPlan {
  readonly plan: JourneyPlan
  readonly warnings: readonly string[]
}

const remedy = 'Correct the plan; docs/plan.md lists its settings.'

/** Throws CONFIG_INVALID with every problem of the file. */
export function loadPlan(file: string, env: Environment): LoadedPlan {
  const folder = dirname(resolve(file))
  const tree = readConfigTree(readPlan(file), folder, env)
  const warnings = correctIndexes(tree)
  for (const side of ['source', 'target']) clusterAsMap(tree, side)
  // Nothing but what stands in the way of reading it: half a file has missing settings that are none.
  const isUnreadable = tree.problems.some(({ setting }) => setting === '')
  const parsed = isUnreadable ? undefined : planSchema.safeParse(tree.root)
  const found = parsed && !parsed.success ? problemsOf(parsed.error.issues, tree) : []
  const problems = [...tree.problems, ...found].sort(byPosition)
  if (!parsed?.success || problems.length > 0) {
    throw new IndexferryError('CONFIG_INVALID', configError(file, problems).message, { remedy })
  }
  return { plan: planOf(parsed.data, folder), warnings }
}

function readPlan(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new IndexferryError('CONFIG_INVALID', `the plan ${file} cannot be read: ${(error as Error).message}`, {
      remedy: 'Check the path and the permissions of the file.',
      cause: error,
    })
  }
}

/** The first of the documents writes `indexes` where servers want `indices`. */
function correctIndexes({ root, places }: ConfigTree): string[] {
  if (root.indexes === undefined || root.indices !== undefined) return []
  const changed = root as Record<string, ConfigNode>
  const position = places.ofKey(root, 'indexes')
  changed.indices = root.indexes
  delete changed.indexes
  if (position) places.setKey(root, 'indices', position)
  return ['"indexes" is read as "indices"']
}

/** `cluster: https://host:9200` is short for a section with that URL. */
function clusterAsMap({ root, places }: ConfigTree, side: string): void {
  const section = root[side]
  if (!isConfigMap(section) || !isConfigText(section.cluster)) return
  const map: ConfigMap = { url: section.cluster }
  const position = places.find(root, [side, 'cluster'])
  if (position) places.setKey(map, 'url', position)
  ;(section as Record<string, ConfigNode>).cluster = map
}
