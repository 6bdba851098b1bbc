// Every room's options in one list, in the order of the help and of docs/options.md.
import { clusterOptions } from '../cluster/options.ts'
import { engineOptions } from '../engine/options.ts'
import type { OptionTable, OptionValues } from '../foundation/option.ts'
import { snapshotOptions } from '../mechanism/snapshot/options.ts'
import { liveOptions } from '../migration/live-journey/options.ts'
import { journeyOptions } from '../migration/snapshot-journey/options.ts'
import { objectOptions, storeOptions } from '../objectstore/options.ts'
import { pipelineOptions } from '../pipeline/options.ts'
import { sourceOptions } from '../source/options.ts'
import { targetOptions } from '../target/options.ts'
import { transformOptions } from '../transform/options.ts'
import { verifyOptions } from '../verify/options.ts'
import { gatewayOptions } from './gateway/options.ts'

export interface OptionGroup {
  readonly title: string
  /** Put before each name: the connection options are there once for each side. */
  readonly prefix: '' | 'source-' | 'target-'
  readonly options: OptionTable
}

export const optionGroups = {
  reading: { title: 'What is read', prefix: '', options: sourceOptions },
  transform: { title: 'What is changed on the way', prefix: '', options: transformOptions },
  writing: { title: 'How it is written', prefix: '', options: targetOptions },
  pipeline: { title: 'How fast', prefix: '', options: pipelineOptions },
  verify: { title: 'How it is verified', prefix: '', options: verifyOptions },
  objects: { title: 'Moving and comparing objects', prefix: '', options: objectOptions },
  snapshots: { title: 'Repositories, snapshots and restores', prefix: '', options: snapshotOptions },
  journey: { title: 'Migrations by snapshots', prefix: '', options: journeyOptions },
  live: { title: 'Live migrations', prefix: '', options: liveOptions },
  gateway: { title: 'Gateway', prefix: '', options: gatewayOptions },
  engine: { title: 'State and output', prefix: '', options: engineOptions },
  source: { title: 'Connection to the source', prefix: 'source-', options: clusterOptions },
  target: { title: 'Connection to the target', prefix: 'target-', options: clusterOptions },
  sourceStore: { title: 'Object store of the source', prefix: 'source-', options: storeOptions },
  targetStore: { title: 'Object store of the target', prefix: 'target-', options: storeOptions },
} as const satisfies Record<string, OptionGroup>

export type OptionGroupName = keyof typeof optionGroups

/** The values of all options, by group; an option that the command does not take has its default. */
export type AllOptionValues = {
  readonly [Group in OptionGroupName]: OptionValues<(typeof optionGroups)[Group]['options']>
}
