// The life of a cross-cluster connection as two total tables, one for each side's view: states by events. Nothing else moves a state.

/** In the words of Amazon's API, which has all of them for the side that asked. */
export const outboundStates = [
  'VALIDATING',
  'VALIDATION_FAILED',
  'PENDING_ACCEPTANCE',
  'APPROVED',
  'PROVISIONING',
  'ACTIVE',
  'REJECTING',
  'REJECTED',
  'DELETING',
  'DELETED',
] as const

export type OutboundState = (typeof outboundStates)[number]

/** The side that is asked sees a connection once it has been validated; before, it is HIDDEN. */
export type InboundState = Exclude<OutboundState, 'VALIDATING' | 'VALIDATION_FAILED'> | 'HIDDEN'

export const connectionEvents = [
  // By the background.
  'valid',
  'invalid',
  'provision',
  'activate',
  'rejectionDone',
  'deletionDone',
  // By a call.
  'accept',
  'reject',
  'deleteOutbound',
  'deleteInbound',
] as const

export type ConnectionEvent = (typeof connectionEvents)[number]

/** `same`: the event changes nothing on this side. `no`: it cannot happen now, and happens on neither side. */
type Moves<State> = Readonly<Record<ConnectionEvent, State | 'same' | 'no'>>

/** What the background finds out too late, after a deletion was asked for, is of no account. */
const ended = {
  valid: 'no',
  invalid: 'no',
  provision: 'no',
  activate: 'no',
  rejectionDone: 'no',
  deletionDone: 'same',
  accept: 'no',
  reject: 'no',
  deleteOutbound: 'no',
  deleteInbound: 'no',
} as const

/** Both sides see a deletion of a connection that is alive, whoever asked for it. */
const alive = { ...ended, deleteOutbound: 'DELETING', deleteInbound: 'DELETING' } as const

export const outboundMoves: Readonly<Record<OutboundState, Moves<OutboundState>>> = {
  VALIDATING: {
    ...ended,
    valid: 'PENDING_ACCEPTANCE',
    invalid: 'VALIDATION_FAILED',
    deleteOutbound: 'DELETING',
  },
  VALIDATION_FAILED: { ...ended, deleteOutbound: 'DELETING' },
  PENDING_ACCEPTANCE: { ...alive, accept: 'APPROVED', reject: 'REJECTING' },
  APPROVED: { ...alive, provision: 'PROVISIONING' },
  PROVISIONING: { ...alive, activate: 'ACTIVE' },
  ACTIVE: alive,
  REJECTING: { ...ended, rejectionDone: 'REJECTED' },
  // Each side clears away its own view of what was rejected.
  REJECTED: { ...ended, deleteOutbound: 'DELETING', deleteInbound: 'same' },
  DELETING: { ...ended, deleteInbound: 'same', deletionDone: 'DELETED' },
  DELETED: { ...ended, deleteInbound: 'same' },
}

export const inboundMoves: Readonly<Record<InboundState, Moves<InboundState>>> = {
  HIDDEN: { ...ended, valid: 'PENDING_ACCEPTANCE', invalid: 'same', deleteOutbound: 'same' },
  PENDING_ACCEPTANCE: { ...alive, accept: 'APPROVED', reject: 'REJECTING' },
  APPROVED: { ...alive, provision: 'PROVISIONING' },
  PROVISIONING: { ...alive, activate: 'ACTIVE' },
  ACTIVE: alive,
  REJECTING: { ...ended, rejectionDone: 'REJECTED' },
  REJECTED: { ...ended, deleteInbound: 'DELETING', deleteOutbound: 'same' },
  DELETING: { ...ended, deleteOutbound: 'same', deletionDone: 'DELETED' },
  DELETED: { ...ended, deleteOutbound: 'same' },
}

export interface ConnectionStates {
  readonly outbound: OutboundState
  readonly inbound: InboundState
}

/** The states after an event, or undefined when one side does not allow it. */
export function statesAfter(states: ConnectionStates, event: ConnectionEvent): ConnectionStates | undefined {
  const outbound = outboundMoves[states.outbound][event]
  const inbound = inboundMoves[states.inbound][event]
  if (outbound === 'no' || inbound === 'no') return undefined
  return {
    outbound: outbound === 'same' ? states.outbound : outbound,
    inbound: inbound === 'same' ? states.inbound : inbound,
  }
}

/** What the background has to do next; undefined when the connection waits for somebody. */
export function nextWork(
  states: ConnectionStates,
): 'validate' | 'approve' | 'provision' | 'reject' | 'delete' | undefined {
  if (states.outbound === 'DELETING' || states.inbound === 'DELETING') return 'delete'
  if (states.outbound === 'VALIDATING') return 'validate'
  if (states.outbound === 'APPROVED') return 'approve'
  if (states.outbound === 'PROVISIONING') return 'provision'
  if (states.outbound === 'REJECTING') return 'reject'
  return undefined
}
