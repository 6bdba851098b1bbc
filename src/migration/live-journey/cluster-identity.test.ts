// That a side which has become another cluster is noticed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { identityOf, isAnother } from './cluster-identity.ts'

test('a cluster is known by its UUID, and by its name where it has none', () => {
  assert.equal(identityOf({ cluster_name: 'elasticsearch', cluster_uuid: 'a1' }), 'uuid a1')
  assert.equal(identityOf({ cluster_name: 'elasticsearch' }), 'name elasticsearch')
  assert.equal(identityOf({ cluster_name: 'elasticsearch', cluster_uuid: '_na_' }), null)
  assert.equal(identityOf('proxy'), null)
})

test('a side is another one when both are known and differ', () => {
  assert.equal(isAnother('uuid a', 'uuid a'), false)
  assert.equal(isAnother('uuid a', 'uuid b'), true)
  assert.equal(isAnother('name elasticsearch', 'uuid b'), true)
  assert.equal(isAnother(null, 'uuid b'), false)
  assert.equal(isAnother('uuid a', null), false)
})
