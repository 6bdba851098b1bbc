// The options of a live migration, kept for the commands that come later: all of them but secrets.
import { resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { clusterOptions } from '../cluster/options.ts'
import type { OptionTable } from '../foundation/option.ts'
import { liveOptions } from '../migration/live-journey/options.ts'
import { isJsonObject, type JsonObject } from '../model/json.ts'
import { pipelineOptions } from '../pipeline/options.ts'
import { sourceOptions } from '../source/options.ts'
import { targetOptions } from '../target/options.ts'
import { transformOptions } from '../transform/options.ts'
import type { MigrationValues } from './option-values.ts'

const kept = {
  reading: sourceOptions,
  transform: transformOptions,
  writing: targetOptions,
  pipeline: pipelineOptions,
  live: liveOptions,
  source: clusterOptions,
  target: clusterOptions,
} as const satisfies Record<string, OptionTable>

type Groups = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** What was given, and may be written down. File names are made whole: later commands may run elsewhere. */
export function keptValues(values: MigrationValues): JsonObject {
  const groups: Record<string, Record<string, unknown>> = {}
  for (const [group, table] of Object.entries(kept as Record<string, OptionTable>)) {
    for (const [key, { default: byDefault, sensitive, type }] of Object.entries(table)) {
      const value = (values as unknown as Groups)[group]?.[key]
      if (sensitive || value === undefined || isDeepStrictEqual(value, byDefault)) continue
      groups[group] ??= {}
      groups[group][key] = type.placeholder === 'FILE' && typeof value === 'string' ? resolve(value) : value
    }
  }
  return JSON.parse(JSON.stringify(groups)) as JsonObject
}

/** What was kept, and over it what this command gives. */
export function joinValues(keptBefore: JsonObject, given: MigrationValues): MigrationValues {
  const joined: Record<string, unknown> = { ...given }
  for (const [group, table] of Object.entries(kept as Record<string, OptionTable>)) {
    const before = isJsonObject(keptBefore[group]) ? keptBefore[group] : {}
    const now = (given as unknown as Groups)[group] ?? {}
    joined[group] = Object.fromEntries(
      Object.entries(table).map(([key, { default: byDefault }]) => {
        const value = now[key]
        return [key, isDeepStrictEqual(value, byDefault) && key in before ? before[key] : value]
      }),
    )
  }
  return joined as unknown as MigrationValues
}
