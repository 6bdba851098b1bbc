// The rooms of the house in reading order and what each may import. One table: test/tidy holds the code to it, docs/rooms.md is
// generated from it.

export interface Room {
  readonly name: string
  readonly sentence: string
  /** Rooms above it, or single files of them where only the contract may be known. */
  readonly mayImport: readonly string[]
}

export const rooms = [
  {
    name: 'foundation',
    sentence:
      'What every room stands on: errors and their codes, assertions, clock, JSON as bytes, options, quantities.',
    mayImport: [],
  },
  {
    name: 'model',
    sentence: 'The nouns as plain values: document batch, index definition, partition, location, cluster version.',
    mayImport: ['foundation'],
  },
  {
    name: 'cluster',
    sentence:
      'Speaks HTTP to one cluster: nodes, TLS, authentication, flavour and version, and what that version can do.',
    mayImport: ['foundation', 'model'],
  },
  {
    name: 'objectstore',
    sentence: 'Moves and compares objects between S3, OSS and folders, safe for snapshot repositories that are in use.',
    mayImport: [
      'foundation',
      'model',
      'cluster/body-stream.ts',
      'cluster/connection.ts',
      'cluster/exchange.ts',
      'cluster/network-errors.ts',
      'cluster/host-pool.ts',
      'cluster/tls.ts',
    ],
  },
  {
    name: 'source',
    sentence: 'Reads the documents of one index in batches: by search, or from a file.',
    mayImport: ['foundation', 'model', 'cluster'],
  },
  {
    name: 'transform',
    sentence: 'Turns index definitions and documents into what the target version accepts; pure functions.',
    mayImport: ['foundation', 'model', 'cluster/capabilities.ts'],
  },
  {
    name: 'target',
    sentence: 'Creates indexes and applies batches so that applying twice is the same as once.',
    mayImport: ['foundation', 'model', 'cluster'],
  },
  {
    name: 'pipeline',
    sentence:
      'Carries batches from one source through the transforms to one target, with limits and checkpoints; knows no version.',
    mayImport: [
      'foundation',
      'model',
      'cluster/cluster.ts',
      'source/source.ts',
      'transform/document-transform.ts',
      'target/target.ts',
    ],
  },
  {
    name: 'verify',
    sentence: 'Proves that two indexes hold the same documents, names those that differ, and repairs them.',
    mayImport: ['foundation', 'model', 'cluster', 'source', 'transform', 'target'],
  },
  {
    name: 'mechanism',
    sentence: 'The ways to move an index, each able to say whether it fits.',
    mayImport: ['foundation', 'model', 'cluster', 'source', 'transform', 'target', 'pipeline'],
  },
  {
    name: 'migration',
    sentence:
      'The life of one migration: assess, plan, copy, verify. The story is told here, the work is done in the rooms above.',
    mayImport: [
      'foundation',
      'model',
      'cluster',
      'objectstore',
      'source',
      'transform',
      'target',
      'pipeline',
      'verify',
      'mechanism',
    ],
  },
  {
    name: 'engine',
    sentence:
      'Puts the rooms together and keeps copies alive: the catalog on disk, ownership, pause and recovery after a crash.',
    mayImport: [
      'foundation',
      'model',
      'cluster',
      'objectstore',
      'source',
      'transform',
      'target',
      'pipeline',
      'verify',
      'mechanism',
      'migration',
    ],
  },
  {
    name: 'config',
    sentence:
      "Gathers every room's declared options into flags, environment variables and the options page; reads the gateway's configuration file.",
    mayImport: [
      'foundation',
      'model',
      'cluster/connection.ts',
      'cluster/options.ts',
      'objectstore/options.ts',
      'objectstore/store-settings.ts',
      'source/options.ts',
      'transform/options.ts',
      'target/options.ts',
      'pipeline/options.ts',
      'verify/options.ts',
      'mechanism/snapshot/options.ts',
      'mechanism/snapshot/repository-settings.ts',
      'migration/live-journey/options.ts',
      'migration/snapshot-journey/options.ts',
      'migration/snapshot-journey/journey-plan.ts',
      'engine/options.ts',
      'engine/connections/domain.ts',
      'engine/state-folder.ts',
      'engine/remote/private-link.ts',
    ],
  },
  {
    name: 'apps',
    sentence:
      'The doors: the command line. A door parses, calls a room and prints; the only place with arguments and output.',
    mayImport: [
      'foundation',
      'model',
      'cluster',
      'objectstore',
      'pipeline/progress.ts',
      'verify',
      'mechanism/snapshot',
      'migration',
      'engine',
      'config',
    ],
  },
] as const satisfies readonly Room[]
