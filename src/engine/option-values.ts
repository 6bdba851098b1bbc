// The values of all options as the engine takes them, by group; config/ makes them of flags and environment variables.
import type { clusterOptions } from '../cluster/options.ts'
import type { OptionValues } from '../foundation/option.ts'
import type { liveOptions } from '../migration/live-journey/options.ts'
import type { pipelineOptions } from '../pipeline/options.ts'
import type { sourceOptions } from '../source/options.ts'
import type { targetOptions } from '../target/options.ts'
import type { transformOptions } from '../transform/options.ts'
import type { verifyOptions } from '../verify/options.ts'
import type { engineOptions } from './options.ts'

export type ConnectionValues = OptionValues<typeof clusterOptions>

export interface CommandValues {
  readonly reading: OptionValues<typeof sourceOptions>
  readonly transform: OptionValues<typeof transformOptions>
  readonly writing: OptionValues<typeof targetOptions>
  readonly pipeline: OptionValues<typeof pipelineOptions>
  readonly verify: OptionValues<typeof verifyOptions>
  readonly engine: OptionValues<typeof engineOptions>
  readonly source: ConnectionValues
  readonly target: ConnectionValues
}

/** Of the commands of a live migration. */
export interface MigrationValues extends CommandValues {
  readonly live: OptionValues<typeof liveOptions>
}
