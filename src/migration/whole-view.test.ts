// Which roles and privileges hide a part of an index.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../model/json.ts'
import { privilegesFilter, rolesFilter } from './whole-view.ts'

test('roles of OpenSearch: any restriction on the index', () => {
  const role = (more: JsonObject, pattern = 'logs-*'): JsonObject => ({
    index_permissions: [{ index_patterns: [pattern], dls: null, fls: [], masked_fields: [], ...more }],
  })
  const roles = {
    whole: role({}),
    documents: role({ dls: '{"term":{"a":1}}' }),
    fields: role({ fls: ['~secret'] }),
    masked: role({ masked_fields: ['user'] }),
    elsewhere: role({ masked_fields: ['user'] }, 'other*'),
  }
  const filters = (...mine: string[]) => rolesFilter(roles, mine, 'logs-1')
  assert.equal(filters('whole', 'elsewhere', 'unknown', 'constructor'), false)
  for (const name of ['documents', 'fields', 'masked']) assert.equal(filters('whole', name), true, name)
  assert.equal(rolesFilter(undefined, ['documents'], 'logs-1'), false)
})

test('privileges of Elasticsearch: one without restrictions lifts the others', () => {
  const entry = (more: JsonObject, names = ['logs-*'], privileges = ['read']): JsonObject => ({
    ...{ names, privileges, allow_restricted_indices: false },
    ...more,
  })
  const filters = (...indices: JsonObject[]) => privilegesFilter({ cluster: [], indices }, 'logs-1')
  const documents = entry({ query: ['{"term":{"a":1}}'] })
  const fields = entry({ field_security: [{ grant: ['a', 'b'] }] })
  assert.equal(filters(), false)
  assert.equal(filters(entry({})), false)
  assert.equal(filters(documents), true)
  assert.equal(filters(fields), true)
  assert.equal(filters(documents, entry({}, ['*'], ['all'])), false)
  assert.equal(filters(documents, entry({}, ['*'], ['monitor'])), true)
  assert.equal(filters(entry({ field_security: [{ grant: ['*'], except: [] }] })), false)
  assert.equal(filters(entry({ field_security: [{ grant: ['*'], except: ['a'] }] })), true)
  assert.equal(filters(entry({ query: ['{}'] }, ['/logs-[0-9]/'])), true)
  assert.equal(filters(entry({ query: ['{}'] }, ['/logs-[a-z]/', 'x*'])), false)
})
