// Where a migration by snapshots can be, and where each event leads from there. The whole of it: what stands against an event is
// in the table, too.
//
//   registering → snapshotting → moving → restoring → waiting ─┬→ snapshotting …                                (another cycle)
//                                                              └→ blocking → lastSnapshot → lastMove → lastRestore
//                                                                 → verifying → switching → releasing → completed
import { IndexferryError } from '../../foundation/errors.ts'
import type { Phase } from './journey-plan.ts'

export type JourneyEvent =
  /** The work of the state is done. */
  | 'done'
  /** The next cycle is due. */
  | 'cycle'
  /** The last cycle is due. */
  | 'cutOver'
  /** Something was written to the source after the last snapshot. */
  | 'differs'
  | 'abort'

export type JourneyState =
  | 'registering'
  | 'snapshotting'
  | 'moving'
  | 'restoring'
  | 'waiting'
  | 'blocking'
  | 'lastSnapshot'
  | 'lastMove'
  | 'lastRestore'
  | 'verifying'
  | 'switching'
  | 'releasing'
  | 'completed'
  | 'aborting'
  | 'aborted'

const no = undefined

export const transitions: Readonly<Record<JourneyState, Readonly<Record<JourneyEvent, JourneyState | undefined>>>> = {
  registering: { done: 'snapshotting', cycle: no, cutOver: no, differs: no, abort: 'aborting' },
  snapshotting: { done: 'moving', cycle: no, cutOver: no, differs: no, abort: 'aborting' },
  moving: { done: 'restoring', cycle: no, cutOver: no, differs: no, abort: 'aborting' },
  restoring: { done: 'waiting', cycle: no, cutOver: no, differs: no, abort: 'aborting' },
  waiting: { done: no, cycle: 'snapshotting', cutOver: 'blocking', differs: no, abort: 'aborting' },
  blocking: { done: 'lastSnapshot', cycle: no, cutOver: no, differs: no, abort: 'aborting' },
  lastSnapshot: { done: 'lastMove', cycle: no, cutOver: no, differs: no, abort: 'aborting' },
  lastMove: { done: 'lastRestore', cycle: no, cutOver: no, differs: no, abort: 'aborting' },
  lastRestore: { done: 'verifying', cycle: no, cutOver: no, differs: no, abort: 'aborting' },
  verifying: { done: 'switching', cycle: no, cutOver: no, differs: 'lastSnapshot', abort: 'aborting' },
  switching: { done: 'releasing', cycle: no, cutOver: no, differs: no, abort: 'aborting' },
  releasing: { done: 'completed', cycle: no, cutOver: no, differs: no, abort: 'aborting' },
  completed: { done: no, cycle: no, cutOver: no, differs: no, abort: no },
  aborting: { done: 'aborted', cycle: no, cutOver: no, differs: no, abort: 'aborting' },
  aborted: { done: no, cycle: no, cutOver: no, differs: no, abort: no },
}

/** The name under which hooks know a state; those without have no work. */
export const phaseOf: Readonly<Record<JourneyState, Phase | undefined>> = {
  registering: 'register',
  snapshotting: 'snapshot',
  moving: 'move',
  restoring: 'restore',
  waiting: undefined,
  blocking: 'block',
  lastSnapshot: 'snapshot',
  lastMove: 'move',
  lastRestore: 'restore',
  verifying: 'verify',
  switching: 'switch',
  releasing: 'release',
  completed: undefined,
  aborting: 'abort',
  aborted: undefined,
}

/** For people. */
export const stateWords: Readonly<Record<JourneyState, string>> = {
  registering: 'registering the repositories',
  snapshotting: 'taking a snapshot',
  moving: 'moving objects',
  restoring: 'restoring',
  waiting: 'waiting for the next cycle',
  blocking: 'blocking writes on the source',
  lastSnapshot: 'taking the last snapshot',
  lastMove: 'moving the objects of the last snapshot',
  lastRestore: 'restoring the last snapshot',
  verifying: 'verifying',
  switching: 'switching',
  releasing: 'finishing with the source',
  completed: 'completed',
  aborting: 'being taken back',
  aborted: 'taken back',
}

export const isEnd = (state: JourneyState): boolean => Object.values(transitions[state]).every((next) => next === no)

/** Throws MIGRATION_ENDED for what the table does not allow. */
export function nextState(state: JourneyState, event: JourneyEvent): JourneyState {
  const next = transitions[state][event]
  if (next !== undefined) return next
  throw new IndexferryError('MIGRATION_ENDED', `the migration is ${stateWords[state]}; that does not allow "${event}"`)
}
