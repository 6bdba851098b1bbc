import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../model/json.ts'
import { type CarriedParts, definitionDelta } from './definition-delta.ts'

const parts = (mappings: JsonObject, settings: JsonObject = {}, aliases: JsonObject = {}): CarriedParts => ({
  types: [],
  mappings,
  settings,
  aliases,
})

const mappingDelta = (before: JsonObject, after: JsonObject) =>
  definitionDelta(parts(before), parts(after)).mappings[0]?.mapping

test('the same definition in another order is no change', () => {
  const before = parts(
    { dynamic: 'true', properties: { a: { type: 'long' } } },
    { codec: 'x', priority: '1' },
    { l: {} },
  )
  const after = parts(
    { properties: { a: { type: 'long' } }, dynamic: 'true' },
    { priority: '1', codec: 'x' },
    { l: {} },
  )
  assert.deepEqual(definitionDelta(before, after), { mappings: [], settings: new Map(), aliases: new Map() })
})

test('only fields that are new or different are told, and those as a whole', () => {
  const before = {
    properties: {
      same: { type: 'text' },
      multi: { type: 'text', analyzer: 'x', fields: { a: { type: 'keyword' } } },
      o: { type: 'nested', properties: { a: { type: 'long' }, b: { type: 'long' } } },
    },
  }
  const multi = { type: 'text', analyzer: 'x', fields: { a: { type: 'keyword' }, b: { type: 'long' } } }
  const after = {
    properties: {
      ...before.properties,
      multi,
      fresh: { type: 'ip' },
      o: {
        type: 'nested',
        properties: { ...before.properties.o.properties, c: { properties: { d: { type: 'date' } } } },
      },
    },
  }
  assert.deepEqual(mappingDelta(before, after), {
    properties: {
      multi,
      o: { type: 'nested', properties: { c: { properties: { d: { type: 'date' } } } } },
      fresh: { type: 'ip' },
    },
  })
})

test('what a mapping no longer says is taken back where that is possible', () => {
  const before = {
    _meta: { a: 1 },
    dynamic_templates: [{ x: {} }],
    runtime: { r: { type: 'long' }, s: { type: 'ip' } },
  }
  const after = { runtime: { s: { type: 'ip' } }, dynamic: 'strict' }
  assert.deepEqual(mappingDelta(before, after), {
    _meta: {},
    dynamic_templates: [],
    runtime: { r: null },
    dynamic: 'strict',
  })
})

test('each mapping type has its own change', () => {
  const typed = (b: JsonObject): CarriedParts => ({
    ...parts({ a: { properties: { x: { type: 'long' } } }, b }),
    types: ['a', 'b'],
  })
  const delta = definitionDelta(typed({}), typed({ properties: { y: { type: 'ip' } } }))
  assert.deepEqual(delta.mappings, [{ type: 'b', mapping: { properties: { y: { type: 'ip' } } } }])
})

test('settings and aliases: new, different and gone', () => {
  const before = parts(
    {},
    { refresh_interval: '5s', merge: { policy: { segments_per_tier: '4' } }, priority: '3' },
    { gone: {}, same: {} },
  )
  const after = parts(
    {},
    { refresh_interval: '9s', priority: '3', max_result_window: '5' },
    { same: {}, more: { routing: 'x' } },
  )
  const { settings, aliases } = definitionDelta(before, after)
  assert.deepEqual(Object.fromEntries(settings), {
    refresh_interval: '9s',
    max_result_window: '5',
    'merge.policy.segments_per_tier': null,
  })
  assert.deepEqual(Object.fromEntries(aliases), { gone: null, more: { routing: 'x' } })
})
