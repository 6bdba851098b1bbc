import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ConnectionEvent,
  type ConnectionStates,
  connectionEvents,
  inboundMoves,
  nextWork,
  outboundMoves,
  outboundStates,
  statesAfter,
} from './connection-states.ts'

const start: ConnectionStates = { outbound: 'VALIDATING', inbound: 'HIDDEN' }

const after = (...events: ConnectionEvent[]): ConnectionStates =>
  events.reduce((states, event) => statesAfter(states, event) ?? assert.fail(`${event} in ${states.outbound}`), start)

/** Every pair of states that can be reached. */
function reachable(): ConnectionStates[] {
  const found = new Map([[JSON.stringify(start), start]])
  for (const states of found.values()) {
    for (const event of connectionEvents) {
      const next = statesAfter(states, event)
      if (next) found.set(JSON.stringify(next), next)
    }
  }
  return [...found.values()]
}

test('both tables know every state and every event', () => {
  assert.deepEqual(Object.keys(outboundMoves).sort(), [...outboundStates].sort())
  for (const moves of [...Object.values(outboundMoves), ...Object.values(inboundMoves)]) {
    assert.deepEqual(Object.keys(moves).sort(), [...connectionEvents].sort())
  }
})

test('a connection is validated, accepted, provisioned and deleted, and both sides see it', () => {
  assert.deepEqual(after('valid'), { outbound: 'PENDING_ACCEPTANCE', inbound: 'PENDING_ACCEPTANCE' })
  assert.deepEqual(after('valid', 'accept'), { outbound: 'APPROVED', inbound: 'APPROVED' })
  const active = after('valid', 'accept', 'provision', 'activate')
  assert.deepEqual(active, { outbound: 'ACTIVE', inbound: 'ACTIVE' })
  for (const event of ['deleteOutbound', 'deleteInbound'] as const) {
    const deleted = after('valid', 'accept', 'provision', 'activate', event, 'deletionDone')
    assert.deepEqual(deleted, { outbound: 'DELETED', inbound: 'DELETED' })
  }
})

test('the side that is asked never sees a connection that failed its validation', () => {
  assert.deepEqual(after('invalid', 'deleteOutbound', 'deletionDone'), { outbound: 'DELETED', inbound: 'HIDDEN' })
})

test('a validation that ends after the deletion was asked for changes nothing', () => {
  assert.equal(statesAfter(after('deleteOutbound'), 'valid'), undefined)
  assert.equal(statesAfter(after('deleteOutbound'), 'invalid'), undefined)
})

test('each side clears away its own view of a rejected connection', () => {
  const rejected = after('valid', 'reject', 'rejectionDone')
  assert.deepEqual(rejected, { outbound: 'REJECTED', inbound: 'REJECTED' })
  assert.deepEqual(after('valid', 'reject', 'rejectionDone', 'deleteInbound', 'deletionDone'), {
    outbound: 'REJECTED',
    inbound: 'DELETED',
  })
})

test('nothing but a pending connection can be accepted or rejected', () => {
  for (const states of reachable()) {
    const isPending = states.inbound === 'PENDING_ACCEPTANCE'
    assert.equal(statesAfter(states, 'accept') !== undefined, isPending, JSON.stringify(states))
    assert.equal(statesAfter(states, 'reject') !== undefined, isPending, JSON.stringify(states))
  }
})

test('the background always has a way on, and ends', () => {
  const events = {
    validate: ['valid', 'invalid'],
    approve: ['provision'],
    provision: ['activate'],
    reject: ['rejectionDone'],
    delete: ['deletionDone'],
  } as const
  for (const states of reachable()) {
    const work = nextWork(states)
    for (const event of work === undefined ? [] : events[work]) {
      assert.notDeepEqual(statesAfter(states, event) ?? states, states, `${event} in ${JSON.stringify(states)}`)
    }
  }
})

test('the two views never contradict each other', () => {
  const seen = reachable().map(({ outbound, inbound }) => `${outbound} ${inbound}`)
  const agreeing = seen.filter((pair) => pair.split(' ')[0] === pair.split(' ')[1])
  assert.deepEqual(
    seen.filter((pair) => !agreeing.includes(pair)).sort(),
    [
      'DELETED HIDDEN',
      'DELETED REJECTED',
      'DELETING HIDDEN',
      'DELETING REJECTED',
      'REJECTED DELETED',
      'REJECTED DELETING',
      'VALIDATING HIDDEN',
      'VALIDATION_FAILED HIDDEN',
      // One side clears away, the other follows.
      'DELETED DELETING',
      'DELETING DELETED',
    ].sort(),
  )
})
