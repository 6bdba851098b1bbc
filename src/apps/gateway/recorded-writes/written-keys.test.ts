// Which documents a call may change, for every shape of call of every version.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePath } from '../router.ts'
import { isInPlainLetters } from './spelling.ts'
import { makeId, urlWithId, writtenKeys } from './written-keys.ts'

type Shown = string | undefined

function keys(call: string, typed: boolean): Shown {
  const [method = '', url = ''] = call.split(' ')
  const found = writtenKeys(method, parsePath(url).segments ?? [], typed, isInPlainLetters(url, 2))
  if (!found) return undefined
  if (found.kind === 'document') return `${found.name}: ${found.ids.join(' or ')}`
  if (found.kind === 'new document') return `${found.name}: new`
  if (found.kind === 'bulk') return `bulk ${found.name ?? ''}`.trim()
  return found.kind === 'everything' ? `all of ${found.expression}` : found.kind
}

const everywhere: readonly (readonly [string, Shown])[] = [
  ['PUT /orders/_doc/7', 'orders: 7'],
  ['POST /orders/_doc/7?routing=a&parent=b', 'orders: 7'],
  ['DELETE /orders/_doc/7?routing=a', 'orders: 7'],
  ['POST /orders/_doc', 'orders: new'],
  ['POST /orders/_doc/', 'orders: new'],
  ['PUT /orders/_create/7', 'orders: 7'],
  ['POST /orders/_update/7?retry_on_conflict=3', 'orders: 7'],
  ['PUT /orders/_doc/a%2Fb', 'orders: a/b'],
  ['PUT /orders/_doc/a+b', 'orders: a+b or a b'],
  ['PUT /orders/_doc/_x', 'orders: _x'],
  ['PUT /%3Corders-%7Bnow%2Fd%7D%3E/_doc/7', '<orders-{now/d}>: 7'],
  ['POST /_bulk', 'bulk'],
  ['PUT /_bulk?refresh=true', 'bulk'],
  ['POST /orders/_bulk', 'bulk orders'],
  ['POST /_bulk/stream', 'all of _all'],
  ['POST /orders/_update_by_query', 'all of orders'],
  ['POST /ord*,other/_delete_by_query?conflicts=proceed', 'all of ord*,other'],
  ['POST /_all/_delete_by_query', 'all of _all'],
  ['POST /_reindex', 'reindex'],
  ['POST /_snapshot/repo/snap/_restore', 'all of _all'],
  ['DELETE /orders', 'all of orders'],
  ['PATCH /orders/_doc/7', 'all of orders'],
  ['POST /orders/_something_new', 'all of orders'],
  ['PUT /orders', undefined],
  ['GET /orders/_doc/7', undefined],
  ['HEAD /orders/_doc/7', undefined],
  ['POST /orders/_search', undefined],
  ['POST /orders/_mget', undefined],
  ['POST /_search', undefined],
  ['POST /_msearch', undefined],
  ['DELETE /_search/scroll', undefined],
  ['POST /orders/_refresh', undefined],
  ['POST /orders/_forcemerge', undefined],
  ['PUT /orders/_mapping', undefined],
  ['PUT /orders/_settings', undefined],
  ['POST /orders/_close', undefined],
  ['POST /_aliases', 'aliases'],
  ['PUT /orders/_alias/today', undefined],
  ['DELETE /orders/_alias/today', undefined],
  ['POST /orders/_rollover', undefined],
  ['POST /orders/_shrink/small', 'all of small'],
  ['PUT /orders/_split/large', 'all of large'],
  ['POST /orders/_clone/twin', 'all of twin'],
  ['PUT /orders/_block/write', undefined],
  ['PUT /_template/t', undefined],
  ['POST /_cluster/reroute', undefined],
]

const withTypes: readonly (readonly [string, Shown])[] = [
  ['PUT /orders/order/7', 'orders: 7'],
  ['POST /orders/order/7?op_type=create', 'orders: 7'],
  ['DELETE /orders/order/7?parent=x', 'orders: 7'],
  ['POST /orders/order', 'orders: new'],
  ['POST /orders/order/7/_update', 'orders: 7'],
  ['PUT /orders/order/7/_create', 'orders: 7'],
  ['POST /orders/_doc/7/_update', 'orders: 7'],
  ['POST /orders/order/_bulk', 'bulk orders'],
  ['POST /orders/order/_search', undefined],
  // With another method, or other letters, these are ids.
  ['PUT /orders/order/_search', 'orders: _search'],
  ['DELETE /orders/order/_count', 'orders: _count'],
  ['POST /orders/order/_source', 'orders: _source'],
  ['POST /orders/order/%5Fsearch', 'orders: _search'],
  ['PUT /orders/order/_mappin%67', 'orders: _mapping'],
  ['POST /orders/_create/_search', 'orders: _search'],
  ['POST /or%2Cders/order/_search', undefined],
  ['POST /orders/order/_bulk/', 'bulk orders'],
  ['POST /orders/order/7/_explain', undefined],
  ['PUT /orders/order/_mapping', undefined],
  ['PUT /orders/_mapping/order', undefined],
  ['DELETE /orders/order', 'all of orders'],
  ['DELETE /orders/_mapping/order', 'all of orders'],
  ['DELETE /orders/order/_mapping', 'all of orders'],
  ['DELETE /orders/_query?q=x', 'all of orders'],
  ['DELETE /orders/order/_query?q=x', 'all of orders'],
  ['POST /orders/order/_delete_by_query', 'all of orders'],
]

test('every shape of call', () => {
  for (const typed of [true, false]) {
    for (const [call, expected] of everywhere) assert.equal(keys(call, typed), expected, `${call}, types: ${typed}`)
  }
  for (const [call, expected] of withTypes) assert.equal(keys(call, true), expected, call)
})

test('a document without an id gets one in its path, and is created only where there is none', () => {
  assert.equal(urlWithId('/orders/_doc?routing=a', 'ID'), '/orders/_doc/ID?routing=a&op_type=create')
  assert.equal(urlWithId('/orders/order/', 'ID'), '/orders/order/ID?op_type=create')
  assert.equal(urlWithId('/orders/_doc?op_type=index', 'ID'), '/orders/_doc/ID?op_type=index')
  const ids = new Set(Array.from({ length: 1000 }, makeId))
  assert.equal(ids.size, 1000)
  for (const id of ids) assert.match(id, /^[A-Za-z0-9][\w-]{19}$/)
})
