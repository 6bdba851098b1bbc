import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IndexferryError } from '../../../foundation/errors.ts'
import type { JsonValue } from '../../../model/json.ts'
import { orderedRole } from './switch-order.ts'

const [old, fresh, other] = ['http://localhost:9201', 'https://new.example.com', 'http://elsewhere:9200']
const nodes = { cluster: ['http://127.0.0.1:9201/'], standby: ['https://new.example.com:443'] }
const order = (body: JsonValue | undefined) => orderedRole(body, nodes)

test('in words', () => {
  assert.equal(order({ to: 'standby' }), 'standby')
  assert.equal(order({ to: 'cluster' }), 'cluster')
})

const live = (event: string, from: [string, string], to: [string, string]) => ({
  migration: 'm',
  event,
  from: { side: from[0], cluster: from[1] },
  to: { side: to[0], cluster: to[1] },
  indexes: [],
})

test('by the hook of a live migration', () => {
  for (const [source, target] of [
    [old, fresh],
    [other, 'http://elsewhere:9300'],
    [old, other],
    [other, fresh],
  ] as const) {
    assert.equal(order(live('cut-over', ['source', source], ['target', target])), 'standby')
    assert.equal(order(live('reverse', ['target', target], ['source', source])), 'cluster')
    assert.equal(order(live('back', ['target', target], ['source', source])), 'cluster')
    // A way back that was given up: traffic has to stay with the target, where clients have written.
    assert.equal(order(live('back', ['source', source], ['target', target])), 'standby')
  }
})

test('a migration from the standby to the cluster leads to the cluster', () => {
  assert.equal(order(live('cut-over', ['source', fresh], ['target', old])), 'cluster')
  assert.equal(order(live('reverse', ['target', old], ['source', fresh])), 'standby')
})

test('by a hook of a migration by snapshots', () => {
  const facts = (phase: string, when = 'after') => ({
    migration: 'm',
    phase,
    when,
    source: { cluster: old, repository: 'a' },
    target: { cluster: fresh, repository: 'b' },
  })
  assert.equal(order(facts('switch')), 'standby')
  assert.equal(order(facts('abort')), 'cluster')
  const swapped = { source: { cluster: fresh }, target: { cluster: old } }
  assert.equal(order({ ...facts('switch'), ...swapped }), 'cluster')
  assert.throws(() => order(facts('switch', 'before')), /belongs after the phase switch, not before it/)
  assert.throws(() => order(facts('verify')), /belongs after the phase switch or abort, not to verify/)
})

test('whatever says nothing is refused', () => {
  for (const body of [
    undefined,
    null,
    [],
    'standby',
    {},
    { to: 'target' },
    { to: {} },
    { to: { side: 'x' } },
    { to: 1 },
  ]) {
    assert.throws(
      () => order(body as JsonValue),
      (error) => error instanceof IndexferryError && error.code === 'REQUEST_MALFORMED',
      JSON.stringify(body),
    )
  }
})
