// The table of a migration: total, without dead ends, and with a way back from everywhere but the ends.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isEnd, type JourneyEvent, type JourneyState, nextState, phaseOf, transitions } from './journey-states.ts'

const states = Object.keys(transitions) as JourneyState[]
const events: readonly JourneyEvent[] = ['done', 'cycle', 'cutOver', 'differs', 'abort']

const reach = (from: JourneyState, allowed: readonly JourneyEvent[]): Set<JourneyState> => {
  const found = new Set<JourneyState>([from])
  for (const state of found) {
    for (const event of allowed) {
      const next = transitions[state][event]
      if (next !== undefined) found.add(next)
    }
  }
  return found
}

test('every state answers every event', () => {
  for (const state of states) {
    assert.deepEqual(Object.keys(transitions[state]).sort(), [...events].sort(), state)
    for (const event of events) {
      const next = transitions[state][event]
      if (next === undefined) assert.throws(() => nextState(state, event), { code: 'MIGRATION_ENDED' })
      else assert.equal(nextState(state, event), next)
    }
  }
})

test('every state can be reached, and from each the end can', () => {
  assert.deepEqual([...reach('registering', events)].sort(), [...states].sort())
  for (const state of states) {
    const ends = [...reach(state, events)].filter(isEnd)
    assert.ok(ends.length > 0, state)
  }
})

test('taking back leads to the end by itself from everywhere but the ends', () => {
  assert.deepEqual(states.filter(isEnd).sort(), ['aborted', 'completed'])
  for (const state of states.filter((each) => !isEnd(each))) {
    const aborting = transitions[state].abort as JourneyState
    assert.ok(reach(aborting, ['done']).has('aborted'), state)
  }
})

test('nothing is switched that was not verified after writes were blocked', () => {
  const without = (left: JourneyState) => {
    const found = new Set<JourneyState>(['registering'])
    for (const state of found) {
      for (const event of events) {
        const next = transitions[state][event]
        if (next !== undefined && next !== left) found.add(next)
      }
    }
    return found
  }
  for (const needed of ['blocking', 'lastSnapshot', 'lastMove', 'lastRestore', 'verifying'] as const) {
    assert.ok(!without(needed).has('switching'), `switching is reached without ${needed}`)
  }
})

test('every state with work has a phase', () => {
  for (const state of states) {
    assert.equal(phaseOf[state] === undefined, isEnd(state) || state === 'waiting', state)
  }
})
