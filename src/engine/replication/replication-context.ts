// What following needs to know of one replication.
import { join } from 'node:path'
import type { Cluster } from '../../cluster/cluster.ts'
import type { CarriedDefinition, FollowedShard, FollowStatus } from '../../mechanism/follow-journal.ts'
import type { Gate } from '../../mechanism/gate.ts'
import type { Turns } from '../../mechanism/turns.ts'
import type { FollowContext } from '../../migration/run-follow.ts'
import type { JsonValue } from '../../model/json.ts'
import type { ReplicationRequest } from '../../model/replication.ts'
import type { Progress } from '../../pipeline/progress.ts'
import type { Throttle } from '../../pipeline/throttle.ts'
import { RejectedDocuments } from '../../target/rejected-documents.ts'
import type { CopyWriter } from '../catalog-writer.ts'
import type { CheckpointNotes } from '../checkpoint-notes.ts'
import { bodyBytesDefault } from '../copy-request.ts'
import { journalOf } from '../start-copy.ts'
import { checkView } from './check-view.ts'
import { ownOfEachSide } from './override-settings.ts'
import { type OpenProgress, unitKey } from './replication-progress.ts'
import type { RequestCounts } from './request-counts.ts'

export interface ContextParts {
  readonly request: ReplicationRequest
  readonly leader: Cluster
  readonly local: Cluster
  readonly writer: CopyWriter
  readonly notes: CheckpointNotes
  readonly shared: OpenProgress
  readonly progress: Progress
  readonly stateFolder: string
  readonly sweeps: FollowContext['sweeps']
  readonly gate: Gate
  readonly turns: Turns
  readonly throttle: Throttle
  /** Flat, as they are now. */
  readonly overrides: () => Readonly<Record<string, JsonValue>>
  readonly requests: RequestCounts
  readonly onFollowing: () => void
  readonly onStatus: (status: FollowStatus, shards: readonly FollowedShard[]) => void
  readonly note: (text: string) => void
  readonly staysRelaxed: () => boolean
  readonly stop: AbortSignal
  readonly abort: AbortController
}

/** Many indexes share two clusters: each reads and writes with few requests at a time. */
const readers = 2
const writersMax = 4
const documentBytesMax = 95 * 1024 * 1024

export function replicationContext(parts: ContextParts): FollowContext {
  const { request, leader, local, writer, shared, overrides } = parts
  return {
    source: { kind: 'cluster', cluster: leader, expression: request.leaderIndex },
    target: { kind: 'cluster', cluster: local, name: request.follower },
    plan: {
      naming: { rules: [] },
      definition: {
        // As with the plugin: only one index of an alias can be the one that is written to, and followers are written to by nobody.
        readOnlyAliases: true,
        get set() {
          return { ...ownOfEachSide, ...overrides() }
        },
      },
      allowIncompleteSource: false,
      note: parts.note,
    },
    reading: {
      query: undefined,
      fields: undefined,
      readers,
      documentBytesMax,
      way: 'sequence',
      onFault: parts.requests.onFault,
      onRead: parts.requests.onRead,
    },
    writing: {
      writersMax,
      bodyBytesMax: bodyBytesDefault,
      onRequest: parts.requests.onRequest,
    },
    relax: { keepRefresh: false, keepReplicas: false },
    edits: { rename: [], drop: [], set: [] },
    transformModule: undefined,
    acceptDefinition: false,
    intoExisting: request.isAgain,
    documentsMax: undefined,
    journal: replicationJournal(parts),
    rejected: new RejectedDocuments(join(parts.stateFolder, 'rejected', `${writer.id}.ndjson`)),
    throttle: parts.throttle,
    progress: parts.progress,
    onFileProgress: () => {},
    fileProgress: () => undefined,
    onTarget: () => {},
    onFlushable: () => {},
    written: (unit) => shared.written.ofUnit(unitKey(writer, unit)),
    onStatus: (_, status, shards) => parts.onStatus(status, shards),
    sweeps: parts.sweeps,
    gate: parts.gate,
    turns: parts.turns,
    beforeDeletes: () => checkView(leader, request.leaderIndex),
    staysRelaxed: parts.staysRelaxed,
    stop: parts.stop,
    abort: parts.abort.signal,
  }
}

/** What is noted often goes through the notes that all replications share; the state of the copy is the replication's own. */
function replicationJournal({ writer, notes, shared, onFollowing, abort }: ContextParts): FollowContext['journal'] {
  const follower = (unit: string) => ({ writer, unit, onFailure: (error: unknown) => abort.abort(error) })
  return {
    ...journalOf(writer, notes),
    setState: (state) => {
      if (state === 'following') onFollowing()
    },
    readCursors: (unit) => shared.notes.readCursors(writer, unit),
    readStatus: (unit) => shared.notes.readStatus(writer, unit),
    saveCursors: (unit, cursors) => writer.saveCursors(unit, cursors),
    noteFollowing: (unit, note) => shared.notes.note(follower(unit), note),
    readCarried: (unit) => writer.readCarried(unit),
    saveCarried: (unit: string, carried: CarriedDefinition) => writer.saveCarried(unit, carried),
  }
}
