// Runs a migration by snapshots: claims it, opens clusters and stores, and takes what other processes ask of it.
import { createHash } from 'node:crypto'
import { AbsentCluster } from '../cluster/absent-cluster.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { openCluster } from '../cluster/open-cluster.ts'
import { sleep } from '../foundation/clock.ts'
import { asIndexferryError, IndexferryError } from '../foundation/errors.ts'
import { placeOf } from '../mechanism/snapshot/repository-settings.ts'
import { openRestoreNotes, type RestoreJournal } from '../mechanism/snapshot/restore-notes.ts'
import type { JourneyContext, JourneyProgress, JourneyStores } from '../migration/snapshot-journey/journey-context.ts'
import type { JourneyPlan, JourneySide } from '../migration/snapshot-journey/journey-plan.ts'
import type { JourneyRecord } from '../migration/snapshot-journey/journey-record.ts'
import { isEnd, nextState } from '../migration/snapshot-journey/journey-states.ts'
import { enterState, runJourney } from '../migration/snapshot-journey/run-journey.ts'
import { formatObjectLocation } from '../model/object-location.ts'
import type { ObjectStore } from '../objectstore/object-store.ts'
import { openStore } from '../objectstore/open-store.ts'
import type { Environment } from '../objectstore/store-settings.ts'
import { JourneyCatalog, type JourneyIdentity, type JourneyWriter } from './catalog-journeys.ts'

export interface JourneyRequest {
  readonly plan: JourneyPlan
  readonly planFile: string
  readonly stateFolder: string
  readonly env: Environment
  /** What the user wants beyond going on. */
  readonly wish: 'abort' | 'cutOver' | undefined
  readonly restart: boolean
  readonly stop: AbortSignal
  readonly note: (text: string) => void
  readonly onProgress: (progress: JourneyProgress | undefined) => void
}

export interface JourneyResult {
  readonly migration: string
  readonly record: JourneyRecord
  /** Another process runs it, and was told what is wanted. */
  readonly isElsewhere: boolean
}

export async function startJourney(request: JourneyRequest): Promise<JourneyResult> {
  const { plan, stateFolder, wish, restart } = request
  using catalog = JourneyCatalog.open(stateFolder)
  const identity = identityOf(request)
  const before = catalog.find(plan.name)
  if (wish === 'abort') {
    const record = requireAbortable(plan.name, before?.record)
    // Twice is the same as once, also for the hooks.
    if (record.state === 'aborted') return { migration: plan.name, record, isElsewhere: false }
  }
  if (before?.isRunning && wish !== undefined) {
    catalog.request(plan.name, wish)
    return { migration: plan.name, record: before.record, isElsewhere: true }
  }
  const writer = catalog.claim(identity, { restart })
  try {
    if (wish !== undefined && !isEnd(writer.record.state)) catalog.request(plan.name, wish)
    const record = isEnd(writer.record.state) ? writer.record : await run(request, writer)
    writer.release(null)
    return { migration: plan.name, record, isElsewhere: false }
  } catch (error) {
    const known = asIndexferryError(error)
    // Another process may own it by now; what counts is the error that stopped this one.
    if (known.code !== 'MIGRATION_RUNNING') writer.release(known.toJSON())
    throw error
  }
}

function requireAbortable(name: string, record: JourneyRecord | undefined): JourneyRecord {
  if (!record) throw new IndexferryError('MIGRATION_UNKNOWN', `no migration has the name "${name}"`)
  if (record.state === 'completed') {
    throw new IndexferryError('MIGRATION_ENDED', `the migration ${name} is completed and cannot be taken back`)
  }
  return record
}

/** Other indexes, clusters or places are another migration; speed, hooks and the way it ends may change on the way. */
function identityOf({ plan, planFile }: JourneyRequest): JourneyIdentity {
  const sideOf = ({ connection, repository, store }: JourneySide) => [
    connection.nodes,
    repository.name,
    repository.type,
    placeOf(repository),
    store ? formatObjectLocation(store.location) : null,
  ]
  const { renamePattern, renameReplacement } = plan.restore
  const parts = [
    plan.indices,
    sideOf(plan.source),
    sideOf(plan.target),
    renamePattern ?? null,
    renameReplacement ?? null,
  ]
  return {
    name: plan.name,
    key: createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16),
    plan: planFile,
    source: plan.source.connection.nodes.join(','),
    target: plan.target.connection.nodes.join(','),
  }
}

async function run(request: JourneyRequest, writer: JourneyWriter): Promise<JourneyRecord> {
  const { state, cycle } = writer.record
  const isTakenBack = state === 'aborting' || writer.requests().abort
  await using open = await (isTakenBack ? openToTakeBack(request) : openJourney(request))
  const context = (signal: AbortSignal): JourneyContext => ({
    plan: request.plan,
    journal: writer,
    source: open.source,
    target: open.target,
    stores: open.stores,
    restoreNotes: open.restoreNotes,
    stateFolder: request.stateFolder,
    foundWaitingSince: state === 'waiting' ? cycle.endedMs : null,
    signal,
    note: request.note,
    onProgress: request.onProgress,
  })
  using watch = new RequestWatch(writer)
  try {
    return await runJourney(context(AbortSignal.any([request.stop, watch.signal])))
  } catch (error) {
    if (!watch.isAbortAsked || request.stop.aborted || !watch.signal.aborted) throw error
  }
  enterState({ journal: writer, note: request.note }, nextState(writer.record.state, 'abort'))
  return await runJourney(context(request.stop))
}

interface OpenJourney extends AsyncDisposable {
  readonly source: Cluster
  readonly target: Cluster
  readonly stores: JourneyStores | undefined
  readonly restoreNotes: JourneyContext['restoreNotes']
}

async function openJourney({ plan, stateFolder, env, note }: JourneyRequest): Promise<OpenJourney> {
  const opened: AsyncDisposable[] = []
  const close = async () => {
    for (const each of opened.reverse()) await each[Symbol.asyncDispose]()
  }
  const keep = <Opened extends AsyncDisposable>(each: Opened): Opened => {
    opened.push(each)
    return each
  }
  try {
    const source = keep(await openCluster('source', plan.source.connection, note))
    const target = keep(await openCluster('target', plan.target.connection, note))
    const openSide = async (side: 'source' | 'target'): Promise<ObjectStore | undefined> => {
      const { store } = plan[side]
      return store && keep(await openStore({ ...store, side, env }))
    }
    const [from, to] = [await openSide('source'), await openSide('target')]
    return {
      source,
      target,
      stores: from && to && { source: from, target: to },
      restoreNotes: await openRestoreNotes(target, stateFolder),
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** What cannot be reached is left to be told: the other side is taken back all the same. Objects are not touched. */
async function openToTakeBack({ plan, stateFolder, note }: JourneyRequest): Promise<OpenJourney> {
  const open = async (side: 'source' | 'target'): Promise<Cluster> => {
    const { connection } = plan[side]
    try {
      return await openCluster(side, connection, note)
    } catch (error) {
      const known = asIndexferryError(error)
      note(`the ${side} is left as it is: ${known.message}`)
      return new AbsentCluster(side, connection.nodes.join(','), known)
    }
  }
  const [source, target] = [await open('source'), await open('target')]
  return {
    source,
    target,
    stores: undefined,
    restoreNotes: await notesOf(target, stateFolder),
    async [Symbol.asyncDispose]() {
      await target[Symbol.asyncDispose]()
      await source[Symbol.asyncDispose]()
    },
  }
}

/** They are kept by the identity of the cluster, which only the cluster itself tells. */
async function notesOf(target: Cluster, stateFolder: string): Promise<RestoreJournal> {
  try {
    return await openRestoreNotes(target, stateFolder)
  } catch (error) {
    const refuse = (): never => {
      throw error
    }
    return { list: refuse, save: refuse, remove: refuse }
  }
}

const watchEveryMs = 500

/** Sees within a second when another process wants the migration taken back, or has taken it over. */
class RequestWatch implements Disposable {
  private readonly writer: JourneyWriter
  private readonly asked = new AbortController()
  private readonly ended = new AbortController()
  isAbortAsked = false

  constructor(writer: JourneyWriter) {
    this.writer = writer
    // What was asked before counts before the first step.
    this.look()
    void this.watch()
  }

  get signal(): AbortSignal {
    return this.asked.signal
  }

  private async watch(): Promise<void> {
    while (!this.ended.signal.aborted && !this.asked.signal.aborted) {
      try {
        await sleep(watchEveryMs, this.ended.signal)
        this.writer.beat()
        this.look()
      } catch (error) {
        if (!this.ended.signal.aborted) this.asked.abort(error)
      }
    }
  }

  private look(): void {
    if (!this.writer.requests().abort) return
    // A migration that is being taken back goes on with that.
    if (this.writer.record.state === 'aborting') return
    this.isAbortAsked = true
    this.asked.abort(new IndexferryError('PAUSED', 'the migration is being taken back'))
  }

  [Symbol.dispose](): void {
    this.ended.abort()
  }
}
