// The checks of single indexes, on definitions as servers give them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { capabilitiesOf } from '../../cluster/capabilities.ts'
import { parseClusterVersion } from '../../model/cluster-version.ts'
import type { IndexDefinition } from '../../model/index-definition.ts'
import type { JsonObject } from '../../model/json.ts'
import type { Finding } from './assessment.ts'
import { checkSourceIndex } from './check-source-index.ts'
import { checkAlias, checkTargetIndex, type NameOwner } from './check-target-index.ts'

const definition = (settings: JsonObject = {}, mappings: JsonObject = {}): IndexDefinition => ({
  name: 'logs',
  types: [],
  mappings,
  settings: { number_of_shards: '1', number_of_replicas: '1', version: { created: '7100299' }, ...settings },
  aliases: {},
})

function checkSource(server: string, of: IndexDefinition, allowIncompleteSource = false, isRecorded = false) {
  const version = parseClusterVersion(server)
  assert.ok(version)
  return checkSourceIndex({
    definition: of,
    capabilities: capabilitiesOf(version),
    wantedWay: undefined,
    allowIncompleteSource,
    isRecorded,
  })
}

const withoutOk = (findings: readonly Finding[]) => findings.filter(({ severity }) => severity !== 'ok')

test('an index is read by what its version and settings have', () => {
  const way = (server: string, settings: JsonObject = {}) => checkSource(server, definition(settings)).way?.way
  assert.equal(way('elasticsearch-7.10.2'), 'sequence')
  assert.equal(way('elasticsearch-6.8.23', { version: { created: '5061699' } }), 'scroll')
  assert.equal(way('elasticsearch-5.6.16', { version: { created: '5061699' } }), 'scroll')
  assert.deepEqual(withoutOk(checkSource('elasticsearch-7.10.2', definition()).findings), [])
})

test('stored documents: what a copy goes on with is told', () => {
  const find = (mappings: JsonObject, settings: JsonObject = {}, allow = false) =>
    withoutOk(checkSource('elasticsearch-8.19.2', definition(settings, mappings), allow).findings).map(
      ({ message }) => message,
    )
  // Without permission this is a problem of the plan.
  assert.deepEqual(find({ _source: { enabled: false } }), [])
  assert.match(find({ _source: { enabled: false } }, {}, true)[0] ?? '', /_source is disabled.*not copied/)
  assert.match(find({}, { mode: 'logsdb' })[0] ?? '', /synthetic/)
})

test('blocks, policies and pipelines of the source', () => {
  const find = (settings: JsonObject) => withoutOk(checkSource('opensearch-2.19.4', definition(settings)).findings)
  const [blocked] = find({ blocks: { read: 'true' } })
  assert.equal(blocked?.severity, 'error')
  assert.ok(blocked?.remedy)
  assert.match(find({ blocks: { write: 'true' } })[0]?.message ?? '', /a copy of it is final/)
  assert.match(find({ plugins: { index_state_management: { policy_id: 'hot' } } })[0]?.message ?? '', /policy hot/)
  assert.match(find({ lifecycle: { name: 'ilm' } })[0]?.message ?? '', /policy ilm \(lifecycle\.name\)/)
  assert.match(find({ default_pipeline: 'enrich' })[0]?.message ?? '', /enrich/)
  assert.deepEqual(find({ default_pipeline: '_none' }), [])
})

test('what following later needs', () => {
  const find = (server: string, settings: JsonObject, isRecorded = false) =>
    checkSource(server, definition(settings), false, isRecorded).findings.find(({ check }) => check === 'following')
  assert.equal(find('elasticsearch-7.10.2', {})?.severity, 'ok')
  assert.match(find('elasticsearch-7.10.2', { soft_deletes: { enabled: 'false' } })?.message ?? '', /^sequence: /)
  assert.match(find('elasticsearch-6.8.23', { version: { created: '6082399' } })?.message ?? '', /^sequence: /)
  assert.match(
    find('elasticsearch-6.8.23', { version: { created: '5061699' } })?.message ?? '',
    /^sweep: .*before 6\.0/,
  )
  assert.match(find('elasticsearch-8.19.2', { disable_sequence_numbers: 'true' })?.message ?? '', /^sweep: /)
  assert.match(find('elasticsearch-2.4.6', {})?.message ?? '', /^sweep: sequence numbers cannot be searched/)
  assert.match(find('elasticsearch-2.4.6', {}, true)?.message ?? '', /^recorded: .*gateway/)
  assert.match(find('elasticsearch-7.10.2', {}, true)?.message ?? '', /^sequence: /)
})

const unit = { name: 'logs', sourceIndex: 'logs', sourceUuid: 'u1', targetIndex: 'copy', definition: definition() }
const existing = (settings: JsonObject, documents: number | undefined, mappings: JsonObject = {}): NameOwner => ({
  kind: 'index',
  definition: definition(settings, mappings),
  documents,
})
const told = (owner: NameOwner, accept = false) =>
  checkTargetIndex(unit, owner, accept).map(({ severity, message }) => `${severity}: ${message}`)

test('the name on the target is free, fits, differs, or holds documents', () => {
  assert.match(told({ kind: 'nobody' }).join(), /^ok: copy is not there yet/)
  assert.match(told(existing({}, 0)).join(), /^ok: copy is there already and fits$/)
  assert.match(told(existing({}, 12)).join(), /error: copy already holds 12 documents/)
  assert.match(told(existing({}, undefined)).join(), /error: .*is it closed/)
  assert.match(told(existing({ uuid: 'u1' }, 5)).join(), /^error: source and target are the same index$/)
  const keyed = { ...unit, definition: definition({}, { properties: { a: { type: 'keyword' } } }) }
  const other = existing({}, 0, { properties: { a: { type: 'long' } } })
  const [differs] = checkTargetIndex(keyed, other, false)
  assert.equal(differs?.severity, 'error')
  assert.match(differs?.message ?? '', /a\.type is "long" instead of "keyword"/)
  assert.equal(checkTargetIndex(keyed, other, true)[0]?.severity, 'warning')
})

test('blocks and pipelines of an index that is there', () => {
  assert.match(told(existing({ blocks: { read_only_allow_delete: 'true' } }, 0)).join(), /error: .*disks of the target/)
  assert.match(told(existing({ blocks: { read: 'true' } }, 0)).join(), /warning: .*cannot be verified/)
  assert.match(told(existing({ final_pipeline: 'x' }, 0)).join(), /warning: the ingest pipeline x/)
  assert.doesNotMatch(told(existing({ default_pipeline: 'x' }, 0)).join(), /pipeline/)
})

test('names that are aliases or data streams on the target', () => {
  assert.match(
    told({ kind: 'alias', indexes: ['other'], writeIndex: undefined }).join(),
    /error: copy is an alias of other/,
  )
  assert.match(told({ kind: 'dataStream' }).join(), /error: copy is a data stream/)
  const stream = { ...unit, dataStream: { name: 'logs', timeField: '@timestamp' } }
  assert.equal(checkTargetIndex(stream, { kind: 'dataStream' }, false)[0]?.severity, 'warning')
  assert.equal(checkTargetIndex(stream, existing({}, 0), false)[0]?.severity, 'error')
})

test('aliases that would collide', () => {
  const check = (owner: NameOwner, parameters: JsonObject = {}) =>
    checkAlias('recent', parameters, owner, 'copy').map(({ severity }) => severity)
  assert.deepEqual(check({ kind: 'nobody' }), [])
  assert.deepEqual(check(existing({}, 0)), ['error'])
  assert.deepEqual(check({ kind: 'alias', indexes: ['copy'], writeIndex: 'copy' }), [])
  assert.deepEqual(check({ kind: 'alias', indexes: ['other'], writeIndex: undefined }), ['warning'])
  assert.deepEqual(check({ kind: 'alias', indexes: ['other'], writeIndex: 'other' }, { is_write_index: true }), [
    'error',
  ])
})
