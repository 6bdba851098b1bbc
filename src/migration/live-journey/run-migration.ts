// The story of a live migration: do the work of the state, ask the table where that leads, note it, go on.
//
// Following goes on by itself beside it; what other processes want is asked for now and then.
import { backoffMs } from '../../foundation/backoff.ts'
import { now, sleep } from '../../foundation/clock.ts'
import { asIndexferryError, IndexferryError } from '../../foundation/errors.ts'
import { formatDuration } from '../../foundation/quantity.ts'
import type { JsonObject } from '../../model/json.ts'
import { checkClusters, noteClusters } from './cluster-identity.ts'
import { conditionsNow, isTooEarly, refuseUnready } from './conditions-now.ts'
import { endMigration, takeBack } from './end-migration.ts'
import { guardSide, readyGuard } from './guard-side.ts'
import type { MigrationContext } from './migration-context.ts'
import {
  attemptsKept,
  type EndedAttempt,
  type MigrationRecord,
  type MigrationRequest,
  type SwitchAttempt,
  sidesOf,
} from './migration-record.ts'
import {
  isEnd,
  type MigrationEvent,
  type MigrationState,
  nextState,
  type SwitchPlace,
  stateTexts,
  switchPlace,
} from './migration-states.ts'
import { MigrationStreams } from './migration-streams.ts'
import { whyOneWay } from './return-units.ts'
import { switchWorks } from './switch-steps.ts'
import { verifyNowAndThen } from './verify-now-and-then.ts'

export interface RunMigration extends MigrationContext {
  /** Asked in states in which the migration waits: whether this process has done what it was started for. */
  readonly isDone: () => boolean
}

/** Resolves at the end of the migration, or when this process has done its part. Throws PAUSED when it was stopped. */
export async function runMigration(context: RunMigration): Promise<MigrationRecord> {
  const { journal } = context
  // The steps of a switch look for themselves, and know what is to be done about it.
  if (!isEnd(journal.record.state) && !switchPlace(journal.record.state) && journal.record.attempt === null) {
    await noteClusters(context)
    await checkClusters(context, ['source', 'target'], context.stop)
  }
  await using streams = new MigrationStreams(context.streams)
  while (!isEnd(journal.record.state)) {
    const { state } = journal.record
    const place = switchPlace(state)
    const event = place ? await runStep(context, streams, place) : await runState(context, streams, state)
    if (event === undefined) break
    enterState(context, nextState(state, event))
  }
  if (isEnd(journal.record.state)) answerAll(context)
  return journal.record
}

/** One durable change: what ended, and what begins. */
function enterState(context: MigrationContext, state: MigrationState): void {
  const { journal, note, streams } = context
  const { record } = journal
  const enteredMs = now()
  const place = switchPlace(record.state)
  const isSwitched = place?.step === 'opening'
  // While it is taken back, the attempt says what is to be undone.
  const hasEnded = (isSwitched || place?.step === 'returning') && state !== 'aborting'
  const attempt = timed(record, enteredMs)
  if (!hasEnded || !attempt) {
    journal.update({ state, enteredMs, attempt })
  } else {
    const { kind, startedMs, fencedMs, steps, failure } = attempt
    const fencedForMs = fencedMs === null ? null : enteredMs - fencedMs
    const ended: EndedAttempt = { kind, startedMs, endedMs: enteredMs, fencedForMs, steps, failure }
    const attempts = [...record.attempts, ended].slice(-attemptsKept)
    const next = isSwitched && record.oneWay === null ? { stream: record.stream + 1, versions: null } : {}
    journal.update({ state, enteredMs, attempt: null, attempts, aliases: null, ...next })
    answerAttempt(context, ended)
    if (fencedForMs !== null) note(`no side took writes for ${formatDuration(fencedForMs)}`)
  }
  // Those of former switches as well, should this process have died here before.
  if (isSwitched) for (let old = 0; old < journal.record.stream; old++) streams.forget(old)
  note(stateTexts[state].is)
}

/** With the time that the step took which ends now. */
function timed({ state, enteredMs, attempt }: MigrationRecord, nowMs: number): SwitchAttempt | null {
  const place = switchPlace(state)
  if (!attempt || !place) return attempt
  return { ...attempt, steps: [...attempt.steps, { step: place.step, tookMs: nowMs - enteredMs }] }
}

/** A switch that was done by a process which died before it could tell. */
export const isDone = ({ state, attempts }: MigrationRecord, wish: MigrationRequest['wish']): boolean =>
  (wish === 'cutOver' && state === 'switched') ||
  (wish === 'reverse' &&
    state === 'following' &&
    attempts.at(-1)?.kind === 'reverse' &&
    attempts.at(-1)?.failure === null)

function answerAttempt({ journal }: MigrationContext, { kind, failure }: EndedAttempt): void {
  const remedy = 'Mend what the message names and ask again; writes go on where they were, and following goes on.'
  const error = failure === null ? null : ({ ...failure, side: 'ours', remedy } satisfies JsonObject)
  for (const { id, wish } of journal.requests()) if (wish === kind) journal.answer({ id, error })
}

/** How often what others want is looked for. */
const askEveryMs = 200

async function runState(
  context: RunMigration,
  streams: MigrationStreams,
  state: MigrationState,
): Promise<MigrationEvent | undefined> {
  switch (state) {
    case 'preparing':
      return 'done'
    case 'copying':
      return waitWhile(context, streams, () => isCopied(context), tellOneWay(context))
    case 'following':
    case 'switched':
      return followOn(context, streams)
    case 'completing':
      await tenaciously(context, () => endMigration(context, streams))
      return 'done'
    default:
      await tenaciously(context, () => takeBack(context, streams))
      return 'done'
  }
}

/** At the end there is nobody left who would answer. */
function answerAll({ journal }: MigrationContext): void {
  const { state } = journal.record
  const wanted = state === 'completed' ? 'complete' : 'abort'
  for (const { id, wish } of journal.requests()) {
    const late = new IndexferryError('MIGRATION_ENDED', `the migration is ${stateTexts[state].is}`)
    journal.answer({ id, error: wish === wanted || wish === 'pause' ? null : (late.toJSON() as JsonObject) })
  }
}

function isCopied({ streams, journal }: MigrationContext): boolean {
  const indexes = streams.indexes(journal.record.stream)
  return indexes.length > 0 && indexes.every(({ state, following }) => state === 'following' && following !== undefined)
}

/** As soon as it is known what is carried, and once: a user who needs a way back wants to know before all is copied that there is none. */
function tellOneWay(context: MigrationContext): () => Promise<void> {
  const { journal, streams, clusters, note } = context
  let isTold = false
  return async () => {
    const units = streams.unitsOf(journal.record.stream)
    if (isTold || units.length === 0) return
    isTold = true
    const oneWay = await whyOneWay(context, units).catch((error: unknown) => {
      // The switch asks once more, and is given up then.
      note(`whether there will be a way back is not known: ${asIndexferryError(error).message}`)
      return journal.record.oneWay
    })
    if (oneWay !== journal.record.oneWay) {
      journal.update({ oneWay })
      if (oneWay !== null) note(`there will be no way back: ${oneWay}`)
    }
    const { from } = sidesOf(journal.record.stream)
    if (oneWay === null && !clusters[from].capabilities.defaultPipelines) await readyGuard(context, from)
  }
}

/** In both states in which one side takes writes and the other follows. */
async function followOn(context: RunMigration, streams: MigrationStreams): Promise<MigrationEvent | undefined> {
  const { journal } = context
  const { stream, oneWay, state } = journal.record
  if (state === 'switched' && oneWay !== null) return waitWhile(context, undefined, () => false)
  // A switch asks again: what stands against it may have come since.
  if (state === 'following') await tellOneWay(context)()
  const { to } = sidesOf(stream)
  const targets = context.streams.unitsOf(stream).map(({ targetIndex }) => targetIndex)
  if (journal.record.guards[to].length === 0) await guardSide(context, to, targets)
  using _ = verifyNowAndThen(context)
  // Awaited here: what runs beside ends with this function.
  return await waitWhile(context, streams, () => false)
}

/** Follows until something is asked for, or `isOver`. */
async function waitWhile(
  context: RunMigration,
  streams: MigrationStreams | undefined,
  isOver: () => boolean,
  onLook: () => Promise<void> = async () => {},
): Promise<MigrationEvent | undefined> {
  const { journal, stop } = context
  const sinceMs = now()
  for (;;) {
    stop.throwIfAborted()
    streams?.follow(journal.record.stream)
    await onLook()
    if (isOver()) return 'done'
    const request = journal.requests().find((each) => !isTooEarly(context, each, sinceMs))
    const event = request && (await takeRequest(context, request))
    if (event) return event
    if (!request && context.isDone()) return undefined
    await sleep(askEveryMs, stop)
  }
}

/** The event that it makes; undefined when it is refused, which its asker is told. */
async function takeRequest(context: RunMigration, request: MigrationRequest): Promise<MigrationEvent | undefined> {
  const { journal } = context
  const { wish } = request
  try {
    if (wish === 'pause') {
      journal.answer({ id: request.id, error: null })
      throw new IndexferryError('PAUSED', 'paused by `indexferry pause`')
    }
    if (isDone(journal.record, wish)) {
      journal.answer({ id: request.id, error: null })
      return undefined
    }
    nextState(journal.record.state, wish)
    journal.update({ overrides: { ...journal.record.overrides, ...request.settings } })
    if (wish === 'cutOver' || wish === 'reverse') {
      if (wish === 'reverse' && journal.record.oneWay !== null) throw noWayBack(journal.record.oneWay)
      if (!request.force) refuseUnready(await conditionsNow(context, request.limitMs))
      const attempt: SwitchAttempt = {
        kind: wish,
        startedMs: now(),
        fencedMs: null,
        limitMs: request.limitMs,
        verifiesFully: request.verifiesFully,
        isForced: request.force,
        isHookCalled: false,
        steps: [],
        failure: null,
      }
      journal.update({ attempt, aliases: null })
    }
    return wish
  } catch (error) {
    const known = asIndexferryError(error)
    if (known.code === 'PAUSED') throw known
    journal.answer({ id: request.id, error: known.toJSON() as JsonObject })
    return undefined
  }
}

const noWayBack = (why: string): IndexferryError =>
  new IndexferryError('MIGRATION_STEP', `there is no way back: ${why}`, {
    remedy: 'End the migration with `indexferry complete`; to return, migrate in the other direction.',
  })

/** What ends a step before its time: the user, the time limit, another request. Its reason is why it is given up. */
async function runStep(
  context: RunMigration,
  streams: MigrationStreams,
  { step }: SwitchPlace,
): Promise<MigrationEvent> {
  const work = switchWorks[step]
  if (step === 'opening' || step === 'returning') {
    await tenaciously(context, () => work(context, streams, new AbortController().signal))
    return 'done'
  }
  const { journal, note } = context
  using watch = new StepWatch(context)
  try {
    watch.signal.throwIfAborted()
    await work(context, streams, watch.signal)
    return 'done'
  } catch (thrown) {
    const error = watch.signal.aborted ? watch.signal.reason : thrown
    const known = asIndexferryError(error)
    if (known.code === 'MIGRATION_RUNNING') throw known
    note(`given up: ${known.message}`)
    const { attempt } = journal.record
    if (attempt) {
      journal.update({ attempt: { ...attempt, failure: { code: known.code, message: known.message } } })
    }
    return watch.wantsAbort ? 'abort' : 'giveUp'
  }
}

class StepWatch implements Disposable {
  wantsAbort = false
  readonly signal: AbortSignal
  private readonly given = new AbortController()
  private readonly timer: NodeJS.Timeout
  private readonly context: MigrationContext

  constructor(context: MigrationContext) {
    this.context = context
    this.signal = AbortSignal.any([context.stop, this.given.signal])
    this.look()
    this.timer = setInterval(() => this.look(), 100)
  }

  private look(): void {
    try {
      const { attempt, state } = this.context.journal.record
      if (attempt && attempt.fencedMs !== null && now() > attempt.fencedMs + attempt.limitMs) {
        const limit = formatDuration(attempt.limitMs)
        this.giveUp('MIGRATION_TIMEOUT', `the switch took longer than ${limit}: it was ${stateTexts[state].is}`)
      }
      const wishes = this.context.journal.requests().map(({ wish }) => wish)
      const wantsAbort = wishes.includes('abort') && switchPlace(state)?.kind === 'cutOver'
      if (wantsAbort) this.wantsAbort = true
      if (wantsAbort || wishes.includes('pause')) {
        this.giveUp('PAUSED', `the switch was ended by \`indexferry ${wantsAbort ? 'abort' : 'pause'}\``)
      }
    } catch (error) {
      this.given.abort(error)
    }
  }

  private giveUp(code: 'MIGRATION_TIMEOUT' | 'PAUSED', message: string): void {
    this.given.abort(new IndexferryError(code, message))
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer)
  }
}

const tenaciousBackoff = { firstMs: 200, maxMs: 5_000 }

/** Steps that must not be left half done are tried until they work, or until the user ends the program; then the next run goes on. */
async function tenaciously(context: RunMigration, work: () => Promise<void>): Promise<void> {
  for (let faults = 1; ; faults++) {
    try {
      return await work()
    } catch (error) {
      const known = asIndexferryError(error)
      if (known.definition.retry === 'never' || known.code === 'MIGRATION_RUNNING') throw known
      context.note(`tried again: ${known.message}`)
      const pauseMs = backoffMs(faults, tenaciousBackoff)
      if (context.stop.aborted && faults > stoppedTriesMax) throw known
      await sleep(pauseMs)
    }
  }
}

/** Somebody who wants to pause waits for some tries more, and no longer. */
const stoppedTriesMax = 10
