import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Route } from './route.ts'
import { isWellEncoded, parsePath, Router } from './router.ts'

const route = (method: string, path: string): Route => ({
  method,
  path,
  operation: `${method} ${path}`,
  handle: async () => 'pass',
})

const router = new Router([
  route('GET', '/_tasks/:task'),
  route('POST', '/_tasks/:task/_cancel'),
  route('POST', '/_tasks/_cancel'),
  route('GET', '/_tasks'),
  route('POST', '/_reindex/:task/_rethrottle'),
  route('POST', '/_reindex'),
])

const find = (method: string, url: string): string => {
  const { segments } = parsePath(url)
  const match = segments && router.find(method, segments)
  return match ? `${match.route.operation} ${JSON.stringify(match.parameters)}` : 'none'
}

test('calls find their routes, however their path is written', () => {
  assert.equal(find('GET', '/_tasks'), 'GET /_tasks {}')
  assert.equal(find('GET', '//_tasks/?detailed'), 'GET /_tasks {}')
  assert.equal(find('GET', '/_tasks/a%3A1'), 'GET /_tasks/:task {"task":"a:1"}')
  assert.equal(find('GET', '/%5ftasks/a%2Fb/'), 'GET /_tasks/:task {"task":"a/b"}')
  assert.equal(find('POST', '/_tasks/_cancel'), 'POST /_tasks/_cancel {}')
  assert.equal(find('POST', '/_tasks/a:1/_cancel'), 'POST /_tasks/:task/_cancel {"task":"a:1"}')
  assert.equal(find('POST', '/_reindex?slices=auto'), 'POST /_reindex {}')
  assert.equal(find('POST', 'http://host:9200/_reindex?slices=auto'), 'POST /_reindex {}')
  assert.equal(find('GET', 'HTTP://host//_tasks/?detailed'), 'GET /_tasks {}')
})

test('everything else is for the cluster', () => {
  for (const url of ['/', '', '*', '/_reindexx', '/products/_reindex', '/_tasks/a/b/c', '/_tasks/%zz', '/%']) {
    assert.equal(find('POST', url), 'none', url)
  }
  assert.equal(find('GET', '/_reindex'), 'none')
  assert.equal(find('POST', '/_tasks/x'), 'none')
})

test('queries with escapes that are none are told', () => {
  assert.ok(isWellEncoded('a=%20&b=+&c=100%25'))
  for (const query of ['a=%zz', 'a=%', 'a=%ff']) assert.ok(!isWellEncoded(query), query)
})
