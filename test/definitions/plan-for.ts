// Plans small definitions from one version to another, by short names of the versions.
import { type ClusterVersion, parseClusterVersion } from '../../src/model/cluster-version.ts'
import type { IndexDefinition } from '../../src/model/index-definition.ts'
import type { JsonObject } from '../../src/model/json.ts'
import type { DefinitionOptions, DefinitionPlan } from '../../src/transform/definition-plan.ts'
import { planDefinition } from '../../src/transform/plan-definition.ts'

const names = {
  es1: 'elasticsearch-1.7.6',
  es2: 'elasticsearch-2.4.6',
  es5: 'elasticsearch-5.6.16',
  es6: 'elasticsearch-6.8.23',
  es710: 'elasticsearch-7.10.2',
  es717: 'elasticsearch-7.17.29',
  es8: 'elasticsearch-8.19.2',
  es9: 'elasticsearch-9.1.0',
  os1: 'opensearch-1.3.14',
  os2: 'opensearch-2.19.4',
  os3: 'opensearch-3.8.0',
} as const
export type Short = keyof typeof names

const version = (short: Short): ClusterVersion => parseClusterVersion(names[short]) as ClusterVersion
const isTyped = (short: Short): boolean => /^es[1256]$/.test(short)

export function plan(
  from: Short,
  to: Short,
  parts: Partial<IndexDefinition>,
  options: DefinitionOptions = {},
): DefinitionPlan {
  const source: IndexDefinition = { name: 'i', types: [], mappings: {}, settings: {}, aliases: {}, ...parts }
  return planDefinition(source, version(from), version(to), options)
}

export function planMapping(
  from: Short,
  to: Short,
  mapping: JsonObject,
  options: DefinitionOptions = {},
): { mapping: JsonObject; plan: DefinitionPlan } {
  const typed = isTyped(from)
  const made = plan(from, to, { types: typed ? ['doc'] : [], mappings: typed ? { doc: mapping } : mapping }, options)
  const { types, mappings } = (made.targets[0] as DefinitionPlan['targets'][0]).definition
  return { mapping: (types[0] ? mappings[types[0]] : mappings) as JsonObject, plan: made }
}

export const planField = (from: Short, to: Short, field: JsonObject, options: DefinitionOptions = {}): unknown =>
  (planMapping(from, to, { properties: { f: field } }, options).mapping.properties as JsonObject).f

export const planSettings = (
  from: Short,
  to: Short,
  settings: JsonObject,
  options: DefinitionOptions = {},
): JsonObject => plan(from, to, { settings }, options).targets[0]?.definition.settings as JsonObject
