// Where a live migration can be, and where each event leads from there. The whole of it.
//
//   preparing → copying → following ─→ cutOver: readying → fencing → draining → comparing → switching → opening → switched
//                             ↑                    └────────────── returning ←──────────┘                            │
//                             └── reverse: opening ← switching ← comparing ← draining ← fencing ← readying ←─────────┤
//                                                                             completing → completed ←───────────────┘
//
// `readying` changes nothing that clients see. From `fencing` to `switching` neither side takes writes, and `returning` gives them back
// to the side that had them. Behind `opening` there is no automatic way back: the other side may have acknowledged writes.
import { IndexferryError } from '../../foundation/errors.ts'

export const switchSteps = [
  'readying',
  'fencing',
  'draining',
  'comparing',
  'switching',
  'opening',
  'returning',
] as const
export type SwitchStep = (typeof switchSteps)[number]

/** Which switch a step belongs to: from source to target, or back. */
export type SwitchKind = 'cutOver' | 'reverse'

export type MigrationState =
  | 'preparing'
  | 'copying'
  | 'following'
  | `${SwitchKind}.${SwitchStep}`
  | 'switched'
  | 'completing'
  | 'completed'
  | 'aborting'
  | 'aborted'

export type MigrationEvent =
  /** The work of the state is done. */
  | 'done'
  | 'cutOver'
  | 'reverse'
  | 'complete'
  | 'abort'
  /** A switch did not come about: the time limit, a condition, a refusal of a server, a pause. */
  | 'giveUp'

type Row = Readonly<Record<MigrationEvent, MigrationState | undefined>>

const no = undefined
const nothing: Row = { done: no, cutOver: no, reverse: no, complete: no, abort: no, giveUp: no }

/** `abort` takes back everything up to the first switch; behind it, `reverse` comes first. */
function rowsOf<Kind extends SwitchKind>(
  kind: Kind,
  home: MigrationState,
  goal: MigrationState,
): Record<`${Kind}.${SwitchStep}`, Row> {
  const back: Partial<Row> = { giveUp: `${kind}.returning`, abort: kind === 'cutOver' ? 'aborting' : no }
  const rows: Record<SwitchStep, Row> = {
    readying: { ...nothing, ...back, done: `${kind}.fencing` },
    fencing: { ...nothing, ...back, done: `${kind}.draining` },
    draining: { ...nothing, ...back, done: `${kind}.comparing` },
    comparing: { ...nothing, ...back, done: `${kind}.switching` },
    switching: { ...nothing, ...back, done: `${kind}.opening` },
    opening: { ...nothing, done: goal },
    returning: { ...nothing, done: home, abort: back.abort },
  }
  return Object.fromEntries(switchSteps.map((step) => [`${kind}.${step}`, rows[step]])) as Record<
    `${Kind}.${SwitchStep}`,
    Row
  >
}

export const transitions: Readonly<Record<MigrationState, Row>> = {
  preparing: { ...nothing, done: 'copying', abort: 'aborting' },
  copying: { ...nothing, done: 'following', abort: 'aborting' },
  following: { ...nothing, cutOver: 'cutOver.readying', abort: 'aborting' },
  ...rowsOf('cutOver', 'following', 'switched'),
  switched: { ...nothing, reverse: 'reverse.readying', complete: 'completing' },
  ...rowsOf('reverse', 'switched', 'following'),
  completing: { ...nothing, done: 'completed' },
  completed: nothing,
  aborting: { ...nothing, done: 'aborted', abort: 'aborting' },
  aborted: nothing,
}

export const isEnd = (state: MigrationState): boolean => Object.values(transitions[state]).every((next) => next === no)

export interface StateText {
  /** Completes "the migration is …". */
  readonly is: string
  /** What happens next by itself, or what the user may do. */
  readonly next: string
}

const stepTexts: Readonly<Record<SwitchStep, string>> = {
  readying: 'preparing the way back, while writes go on',
  fencing: 'stopping writes',
  draining: 'carrying the last changes',
  comparing: 'comparing both sides a last time',
  switching: 'switching traffic',
  opening: 'opening the new side for writes',
  returning: 'giving writes back to the side that had them',
}

const nextOfSteps: Readonly<Record<SwitchStep, string>> = {
  readying: 'writes are stopped for some seconds',
  fencing: 'the last changes are carried',
  draining: 'both sides are compared',
  comparing: 'traffic is switched',
  switching: 'the new side takes writes',
  opening: 'the other direction is followed',
  returning: 'it follows as before',
}

const textsOf = <Kind extends SwitchKind>(kind: Kind, what: string): Record<`${Kind}.${SwitchStep}`, StateText> =>
  Object.fromEntries(
    switchSteps.map((step) => [`${kind}.${step}`, { is: `${what}: ${stepTexts[step]}`, next: nextOfSteps[step] }]),
  ) as Record<`${Kind}.${SwitchStep}`, StateText>

/** For people. */
export const stateTexts: Readonly<Record<MigrationState, StateText>> = {
  preparing: { is: 'preparing', next: 'the indexes are copied' },
  copying: { is: 'copying', next: 'changes are followed' },
  following: { is: 'following', next: 'cut-over, or abort' },
  ...textsOf('cutOver', 'cutting over'),
  switched: { is: 'switched; the old side follows the new one', next: 'complete, or reverse' },
  ...textsOf('reverse', 'going back'),
  completing: { is: 'finishing', next: 'what was put in place is removed' },
  completed: { is: 'completed', next: 'nothing' },
  aborting: { is: 'being taken back', next: 'what was put in place is removed' },
  aborted: { is: 'taken back', next: 'nothing; the same `migrate` begins anew' },
}

/** For what is asked of a migration that is at its end. */
export const migrationEnded = (state: MigrationState, what = 'the migration'): IndexferryError =>
  new IndexferryError('MIGRATION_ENDED', `${what} is ${stateTexts[state].is}, which is its end`, {
    remedy: 'Nothing is left to be done; the same `indexferry migrate SOURCE TARGET` begins a new one.',
  })

/** Throws MIGRATION_ENDED or MIGRATION_STEP for what the table does not allow. */
export function nextState(state: MigrationState, event: MigrationEvent): MigrationState {
  const next = transitions[state][event]
  if (next !== undefined) return next
  const { is, next: possible } = stateTexts[state]
  const word = event === 'cutOver' ? 'cut-over' : event
  if (isEnd(state)) throw migrationEnded(state)
  throw new IndexferryError('MIGRATION_STEP', `the migration is ${is}, which does not allow ${word}`, {
    remedy:
      event === 'abort' && state === 'switched'
        ? 'Traffic is on the target. Go back with `indexferry reverse` first, then abort; or end it with `indexferry complete`.'
        : `What comes next: ${possible}.`,
  })
}

export interface SwitchPlace {
  readonly kind: SwitchKind
  readonly step: SwitchStep
}

/** Undefined outside a switch. */
export function switchPlace(state: MigrationState): SwitchPlace | undefined {
  const [kind, step] = state.split('.')
  return step === undefined ? undefined : { kind: kind as SwitchKind, step: step as SwitchStep }
}
