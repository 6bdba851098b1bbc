// The story of a migration by snapshots: do the work of the state, ask the table where that leads, note it, go on. Every work may be
// repeated, so that after a crash the state that was noted last is simply begun again.
import { now, sleep } from '../../foundation/clock.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { blockWrites, releaseWrites } from './block-writes.ts'
import { hookParts } from './hook-parts.ts'
import type { JourneyContext } from './journey-context.ts'
import { cyclesKept, type JourneyRecord, newCycle, type StatePart } from './journey-record.ts'
import { isEnd, type JourneyEvent, type JourneyState, nextState, phaseOf, stateWords } from './journey-states.ts'
import { putBack } from './put-back.ts'
import { restoreCycle } from './restore-cycle.ts'
import { runHook } from './run-hook.ts'
import { switchAlias } from './switch-alias.ts'
import { moveSnapshot, registerBoth, takeSnapshot } from './take-and-move.ts'
import { isDifference, verifyRestored } from './verify-restored.ts'

type Work = (context: JourneyContext) => Promise<JourneyEvent | undefined>

const done =
  (work: (context: JourneyContext) => Promise<void>): Work =>
  async (context) => {
    await work(context)
    return 'done'
  }

const works: Readonly<Record<Exclude<JourneyState, 'completed' | 'aborted'>, Work>> = {
  registering: done(registerBoth),
  snapshotting: done(takeSnapshot),
  moving: done(moveSnapshot),
  restoring: done(restoreCycle),
  waiting: waitForCycle,
  blocking: done(async (context) => {
    if (context.plan.cutOver.blockWrites) await blockWrites(context)
  }),
  lastSnapshot: done(takeSnapshot),
  lastMove: done(moveSnapshot),
  lastRestore: done(restoreCycle),
  verifying: verify,
  switching: done(switchAlias),
  releasing: done(async (context) => {
    if (context.plan.cutOver.sourceAfterwards === 'released') await releaseWrites(context)
  }),
  aborting: done(putBack),
}

/** Resolves when the migration is at its end, or waits for the user to go on. */
export async function runJourney(context: JourneyContext): Promise<JourneyRecord> {
  const { journal } = context
  while (!isEnd(journal.record.state)) {
    const { state } = journal.record
    context.signal.throwIfAborted()
    const event = await runState(context, state as keyof typeof works)
    if (event === undefined) break
    enterState(context, nextState(state, event))
  }
  return journal.record
}

async function runState(context: JourneyContext, state: keyof typeof works): Promise<JourneyEvent | undefined> {
  const { journal, onProgress } = context
  if (state !== 'waiting') context.note(stateWords[state])
  await runHooks(context, 'before')
  let event: JourneyEvent | undefined = 'done'
  if (!journal.record.passed.includes('work')) {
    try {
      event = await works[state](context)
    } finally {
      onProgress(undefined)
    }
    if (event !== 'done') return event
    pass(context, 'work')
  }
  await runHooks(context, 'after')
  return event
}

const pass = ({ journal }: JourneyContext, part: StatePart): void =>
  journal.update({ passed: [...journal.record.passed, part] })

async function runHooks(context: JourneyContext, when: 'before' | 'after'): Promise<void> {
  const { plan, journal, signal } = context
  const { state, passed } = journal.record
  const phase = phaseOf[state]
  const hooks = plan.hooks.filter((hook) => hook.phase === phase && hook.when === when)
  for (const { hook, part } of hookParts(hooks, when)) {
    if (passed.includes(part)) continue
    await runHook({ hook, facts: factsOf(context, when), folder: plan.folder, signal })
    pass(context, part)
  }
}

/** What a hook is told. */
export function factsOf({ plan, journal, source, target }: JourneyContext, when: 'before' | 'after'): object {
  const { state, cycle, blocks, alias, verification, targets } = journal.record
  return {
    migration: plan.name,
    phase: phaseOf[state],
    when,
    state,
    time: new Date(now()).toISOString(),
    source: { cluster: source.name, repository: plan.source.repository.name, indices: plan.indices },
    target: { cluster: target.name, repository: plan.target.repository.name, indices: targets },
    cycle,
    blocked: blocks.map(({ index }) => index),
    alias: plan.cutOver.alias ?? alias?.alias ?? null,
    verification,
  }
}

/** One durable change: what ended, and what begins. */
export function enterState({ journal, note }: Pick<JourneyContext, 'journal' | 'note'>, state: JourneyState): void {
  const { record } = journal
  const ms = now()
  const { cycle } = record
  // A cycle is at its end when what it restored is there.
  const ended = state === 'waiting' || state === 'verifying' ? { ...cycle, endedMs: ms } : cycle
  const kept = state === 'snapshotting' ? { ...cycle, startedMs: ms } : ended
  const isNew =
    (state === 'snapshotting' && cycle.endedMs !== null) ||
    state === 'blocking' ||
    (state === 'lastSnapshot' && record.state === 'verifying')
  const isLast = state !== 'snapshotting'
  const cycles = isNew && cycle.endedMs !== null ? [...record.cycles, cycle].slice(-cyclesKept) : record.cycles
  if (state === 'waiting') note(`cycle ${cycle.number} took ${Math.round((ms - cycle.startedMs) / 1000)} s`)
  journal.update({
    state,
    enteredMs: ms,
    passed: [],
    cycles,
    cycle: isNew ? newCycle(cycle.number + 1, isLast, ms) : kept,
  })
}

/** Requests of other processes are seen so soon. */
const askEveryMs = 1_000

/** Undefined: the next cycle is for the user to begin. */
async function waitForCycle(context: JourneyContext): Promise<JourneyEvent | undefined> {
  const { plan, journal, signal, foundWaitingSince, onProgress } = context
  const { everyMs, untilShorterThanMs, most } = plan.cycles
  const { cycle } = journal.record
  if (journal.requests().cutOver) return 'cutOver'
  const tookMs = (cycle.endedMs ?? now()) - cycle.startedMs
  if (untilShorterThanMs !== undefined && tookMs < untilShorterThanMs) return 'cutOver'
  const isByHand = everyMs === undefined && untilShorterThanMs === undefined
  if (isByHand) {
    return foundWaitingSince !== null && cycle.endedMs === foundWaitingSince ? 'cycle' : undefined
  }
  if (cycle.number >= most) {
    throw new IndexferryError(
      'MIGRATION_CYCLES_SPENT',
      `${cycle.number} cycles are done, as many as the plan allows (cycles.most)`,
    )
  }
  const untilMs = cycle.startedMs + (everyMs ?? 0)
  while (now() < untilMs) {
    if (journal.requests().cutOver) return 'cutOver'
    onProgress({ kind: 'wait', untilMs })
    await sleep(Math.min(askEveryMs, Math.max(1, untilMs - now())), signal)
  }
  return 'cycle'
}

/** So often what was written at the last moment is taken after it, before somebody has to look. */
const lastCyclesMax = 3

async function verify(context: JourneyContext): Promise<JourneyEvent> {
  const { journal, note } = context
  const checks = await verifyRestored(context)
  journal.update({ verification: checks })
  for (const { index, check, isGood, found } of checks)
    note(`${isGood ? 'good' : 'WRONG'}: ${index} ${check}: ${found}`)
  const wrong = checks.filter(({ isGood }) => !isGood)
  if (wrong.length === 0) return 'done'
  const lastCycles = 1 + journal.record.cycles.filter(({ isLast }) => isLast).length
  if (wrong.every(isDifference) && lastCycles < lastCyclesMax) {
    note('the source has what the last snapshot has not: another one is taken')
    return 'differs'
  }
  const told = wrong.slice(0, 5).map(({ index, check, found }) => `${index} ${check}: ${found}`)
  throw new IndexferryError('MIGRATION_UNVERIFIED', `the verification failed: ${told.join('; ')}`, { side: 'target' })
}
