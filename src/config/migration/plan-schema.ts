// Every setting of a plan of `indexferry migrate`: names, types, defaults.
import type { z } from 'zod'
import { registerSecret } from '../../foundation/errors.ts'
import { between, byteSize, choice, count, duration, text, type ValueType } from '../../foundation/option.ts'
import { formatByteSize, formatDuration } from '../../foundation/quantity.ts'
import {
  type JourneyHook,
  type JourneyPlan,
  type JourneySide,
  phases,
} from '../../migration/snapshot-journey/journey-plan.ts'
import { clusterSection } from '../gateway/cluster-sections.ts'
import {
  always,
  list,
  secretSetting,
  section,
  setting,
  settingDescriptions,
  settingsByName,
  settingWithDefault,
} from '../gateway/setting.ts'
import { booleanType, clusterUrl } from '../gateway/setting-types.ts'
import { repositorySection, serverSettings, storeSection } from './plan-settings.ts'

const sideSection = (help: string) =>
  section(
    { help },
    {
      cluster: clusterSection
        .refine(({ nodes }) => nodes.length > 0, { error: 'needs url or nodes', ...always })
        .register(settingDescriptions, { help: 'The cluster. A text stands for `url` alone.' }),
      repository: repositorySection,
      store: storeSection.optional(),
    },
  ).transform(({ cluster, repository, store }): JourneySide => ({ connection: cluster, repository, store }))

const snapshotName: ValueType<string> = {
  name: 'text',
  placeholder: 'NAME',
  expects: 'a name with {cycle} in it, such as snapshot_movies_{cycle}',
  parse: (value) => (value.includes('{cycle}') ? value : undefined),
}

const snapshotSection = section(
  { help: 'The snapshots.' },
  {
    name: settingWithDefault(snapshotName, 'indexferry-{cycle}', {
      help: 'Name of each; {cycle} stands for 1, 2, … and for final.',
    }),
    global_state: settingWithDefault(booleanType, 'false', { help: 'Take the state of the cluster as well.' }),
    partial: settingWithDefault(booleanType, 'false', {
      help: 'Go on with snapshots that lack shards. What they lack is then missing on the target.',
    }),
    wait_for_others: settingWithDefault(duration, '10m', {
      help: 'How long to wait for other snapshots and restores, where a cluster does one at a time; at most a minute while indexes are closed.',
      check: between(0, 86_400_000, formatDuration),
    }),
  },
)

const moveSection = section(
  { help: 'How objects are moved.' },
  {
    transfers: settingWithDefault(count, '16', { help: 'Objects on their way at once.', check: between(1, 256) }),
    part_size: settingWithDefault(byteSize, '64MiB', {
      help: 'Larger objects go in parts of this size.',
      check: between(5 * 1024 ** 2, 5 * 1024 ** 3, formatByteSize),
    }),
    rate: setting(byteSize, {
      help: 'Bytes per second at most.',
      check: (value) => (value > 0 ? undefined : 'must be above 0'),
    }).optional(),
    rounds: settingWithDefault(count, '5', {
      help: 'How often a repository that changes meanwhile is looked through again.',
      check: between(1, 1000),
    }),
  },
)

const expression: ValueType<string> = {
  name: 'text',
  placeholder: 'PATTERN',
  expects: 'a regular expression such as (.+)',
  parse: (value) => {
    try {
      return new RegExp(value) && value
    } catch {
      return undefined
    }
  },
}

const restoreSection = section(
  { help: 'How snapshots are restored.' },
  {
    rename_pattern: setting(expression, { help: 'Regular expression for names of indexes.' }).optional(),
    rename_replacement: setting(text, { help: 'What stands in its place; $1 is its first group.' }).optional(),
    index_settings: serverSettings({ help: 'Settings that restored indexes get instead of their own.' }).optional(),
    ignore_index_settings: list({ help: 'Settings that stay behind.' }, setting(text, { help: 'Name.' })).optional(),
    over_existing: settingWithDefault(booleanType, 'false', {
      help: 'Replace indexes of the same name that are on the target before the migration begins.',
    }),
    relax: settingWithDefault(booleanType, 'false', {
      help: 'Restore without replicas and refresh, and put both back when every shard is there.',
    }),
    stalled_after: settingWithDefault(duration, '5m', {
      help: 'How long shards may wait without a step before the restore is given up.',
      check: between(1_000, 86_400_000, formatDuration),
    }),
  },
).refine((values) => (values.rename_pattern === undefined) === (values.rename_replacement === undefined), {
  error: 'needs rename_pattern and rename_replacement together',
  ...always,
})

const cyclesSection = section(
  {
    help: 'When incremental cycles begin. Without `every` and `until_shorter_than`: by hand, one each time the command is started.',
  },
  {
    every: setting(duration, {
      help: 'From the start of one cycle to the start of the next.',
      example: '6h',
      check: between(1_000, 30 * 86_400_000, formatDuration),
    }).optional(),
    until_shorter_than: setting(duration, {
      help: 'The cut-over follows by itself once a cycle took less.',
      example: '5m',
      check: between(1, 30 * 86_400_000, formatDuration),
    }).optional(),
    most: settingWithDefault(count, '100', { help: 'Cycles at most.', check: between(1, 100_000) }),
  },
)

const cutOverSection = section(
  { help: 'The last cycle and the switch.' },
  {
    block_writes: settingWithDefault(booleanType, 'true', {
      help: 'Block writes on the source (index.blocks.write). Without, hooks or you must stop them.',
    }),
    health: settingWithDefault(choice('green', 'yellow'), 'green', {
      help: 'Health that the restored indexes must reach.',
    }),
    health_within: settingWithDefault(duration, '5m', {
      help: 'How long they may take.',
      check: between(1_000, 3_600_000, formatDuration),
    }),
    spot_check: settingWithDefault(count, '5', {
      help: 'Documents of each index that are looked up on both sides.',
      check: between(0, 1_000),
    }),
    alias: setting(text, { help: 'Alias on the target that is to lead to the restored indexes.' }).optional(),
    source_afterwards: settingWithDefault(choice('read_only', 'released'), 'read_only', {
      help: '`read_only` keeps the block on the source, `released` takes it away.',
    }),
  },
)

const hookSection = section(
  { help: 'A command or an HTTP call, with the facts as JSON on its standard input or as its body.' },
  {
    phase: setting(choice(...phases), { help: 'Phase.' }),
    when: setting(choice('before', 'after'), { help: 'Before or after it.' }),
    command: list({ help: 'Program and arguments.' }, setting(text, { help: 'Word.' })).optional(),
    url: setting(clusterUrl, { help: 'Address that is called with POST.' }).optional(),
    headers: settingsByName({ help: 'Headers of the call.' }, secretSetting({ help: 'Value.' })).optional(),
    time_limit: settingWithDefault(duration, '1m', {
      help: 'How long it may take.',
      check: between(100, 86_400_000, formatDuration),
    }),
  },
)
  .refine((hook) => (hook.command === undefined) !== (hook.url === undefined), {
    error: 'needs either command or url',
    ...always,
  })
  .refine((hook) => hook.command === undefined || hook.command.length > 0, { error: 'has an empty command', ...always })
  .transform((hook): JourneyHook => {
    for (const [name, value] of Object.entries(hook.headers ?? {})) {
      if (/auth|key|token|secret|cookie/i.test(name)) registerSecret(value)
    }
    const { phase, when, command, url, headers = {}, time_limit } = hook
    return { phase, when, command, url, headers: { ...headers }, timeLimitMs: time_limit }
  })

const migrationName: ValueType<string> = {
  name: 'text',
  placeholder: 'NAME',
  expects: 'a name of letters, digits, hyphens, underscores and dots',
  parse: (value) => (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(value) ? value : undefined),
}

export const planSchema = section(
  { help: 'A migration.' },
  {
    name: setting(migrationName, { help: 'Name, which tells it from others in the state folder.', example: 'movies' }),
    method: settingWithDefault(choice('snapshot'), 'snapshot', { help: 'How: by snapshots.' }),
    indices: setting(text, { help: 'Names, patterns and exclusions, with commas between them.', example: 'movies' }),
    source: sideSection('Where the indexes are.'),
    target: sideSection('Where they go.'),
    snapshot: snapshotSection.optional(),
    move: moveSection.optional(),
    restore: restoreSection.optional(),
    cycles: cyclesSection.optional(),
    cut_over: cutOverSection.optional(),
    hooks: list({ help: 'Commands and HTTP calls around the phases.' }, hookSection).optional(),
  },
).refine(({ source, target }) => (source?.store === undefined) === (target?.store === undefined), {
  error: 'needs a store on both sides, or on neither where both repositories are one place',
  path: ['target'],
  ...always,
})

export type PlanSettings = z.output<typeof planSchema>

export function planOf(settings: PlanSettings, folder: string): JourneyPlan {
  const { name, indices, source, target, hooks = [] } = settings
  return { name, indices, source, target, hooks, folder, ...chapters(settings) }
}

/** Chapters that are left out hold their defaults. */
function chapters(settings: PlanSettings): Pick<JourneyPlan, 'snapshot' | 'move' | 'restore' | 'cycles' | 'cutOver'> {
  const snapshot = settings.snapshot ?? snapshotSection.parse({})
  const move = settings.move ?? moveSection.parse({})
  const restore = settings.restore ?? restoreSection.parse({})
  const cycles = settings.cycles ?? cyclesSection.parse({})
  const cutOver = settings.cut_over ?? cutOverSection.parse({})
  return {
    snapshot: {
      name: snapshot.name,
      globalState: snapshot.global_state,
      partial: snapshot.partial,
      busyMsMax: snapshot.wait_for_others,
    },
    move: { transfers: move.transfers, partSize: move.part_size, bytesPerSecond: move.rate, rounds: move.rounds },
    restore: {
      renamePattern: restore.rename_pattern,
      renameReplacement: restore.rename_replacement,
      indexSettings: restore.index_settings ?? {},
      ignoreIndexSettings: restore.ignore_index_settings ?? [],
      overExisting: restore.over_existing,
      relax: restore.relax,
      stalledMsMax: restore.stalled_after,
    },
    cycles: { everyMs: cycles.every, untilShorterThanMs: cycles.until_shorter_than, most: cycles.most },
    cutOver: {
      blockWrites: cutOver.block_writes,
      health: cutOver.health,
      healthWithinMs: cutOver.health_within,
      spotCheck: cutOver.spot_check,
      alias: cutOver.alias,
      sourceAfterwards: cutOver.source_afterwards === 'released' ? 'released' : 'read only',
    },
  }
}
