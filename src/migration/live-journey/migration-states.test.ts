import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isErrorOf } from '../../foundation/errors.ts'
import {
  isEnd,
  type MigrationEvent,
  type MigrationState,
  nextState,
  stateTexts,
  switchPlace,
  transitions,
} from './migration-states.ts'

const states = Object.keys(transitions) as MigrationState[]
const events: MigrationEvent[] = ['done', 'cutOver', 'reverse', 'complete', 'abort', 'giveUp']

const reachable = (from: MigrationState, allowed: readonly MigrationEvent[] = events): Set<MigrationState> => {
  const seen = new Set<MigrationState>([from])
  for (const state of seen) {
    for (const event of allowed) {
      const next = transitions[state][event]
      if (next) seen.add(next)
    }
  }
  return seen
}

test('every state answers every event, with a state or a refusal that says what to do', () => {
  for (const state of states) {
    assert.ok(stateTexts[state].is && stateTexts[state].next, state)
    for (const event of events) {
      const next = transitions[state][event]
      if (next) assert.equal(nextState(state, event), next)
      else
        assert.throws(
          () => nextState(state, event),
          (error) => isErrorOf(error, isEnd(state) ? 'MIGRATION_ENDED' : 'MIGRATION_STEP') && error.remedy.length > 10,
        )
    }
  }
})

test('every state is reached, and an end from every state', () => {
  assert.deepEqual(reachable('preparing'), new Set(states))
  for (const state of states) assert.ok([...reachable(state)].some(isEnd), state)
})

test('a switch is given up only while no side has taken writes that the other lacks', () => {
  for (const state of states) {
    const place = switchPlace(state)
    if (!place) continue
    const isPointOfNoReturn = place.step === 'opening'
    assert.equal(transitions[state].giveUp === undefined, isPointOfNoReturn || place.step === 'returning', state)
    if (isPointOfNoReturn) assert.equal(transitions[state].abort, undefined)
  }
})

test('the target is opened only behind the fence, the drain and the comparison', () => {
  for (const kind of ['cutOver', 'reverse'] as const) {
    for (const step of ['fencing', 'draining', 'comparing', 'switching'] as const) {
      const without = new Set<MigrationState>(['preparing'])
      for (const state of without) {
        for (const event of events) {
          const next = transitions[state][event]
          if (next && next !== `${kind}.${step}`) without.add(next)
        }
      }
      assert.ok(!without.has(`${kind}.opening`), `${kind} passes ${step}`)
    }
  }
})

test('a migration that is switched ends by complete, or goes back before it is aborted', () => {
  assert.ok(!reachable('switched', ['done', 'complete', 'abort', 'giveUp']).has('aborted'))
  assert.ok(reachable('switched', ['done', 'reverse', 'abort']).has('aborted'))
})
