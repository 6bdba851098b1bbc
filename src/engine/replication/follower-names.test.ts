// Which followers a name leads to, with a local cluster that answers what it is told to.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonValue } from '../../model/json.ts'
import { FollowerNames, type NameUse } from './follower-names.ts'

const followers = new Set(['f1', 'f2', '.ds-logs-000002'])

const aliases: Record<string, JsonValue> = {
  f1: { aliases: { only: {}, many: {}, w: { is_write_index: true }, no: { is_write_index: false }, both: {} } },
  f2: { aliases: { both: {} } },
  free: { aliases: { many: { is_write_index: true }, w: {}, other: {} } },
}

const streams = {
  data_streams: [
    { name: 'logs', indices: [{ index_name: '.ds-logs-000001' }, { index_name: '.ds-logs-000002' }] },
    { name: 'metrics', indices: [{ index_name: '.ds-metrics-000001' }] },
  ],
}

class LocalCluster {
  readonly asked: string[] = []
  isShown = true

  readonly ask = async (path: string): Promise<JsonValue | undefined> => {
    this.asked.push(path)
    if (!this.isShown) return undefined
    if (path === '/_data_stream') return streams
    const [names = '', more = ''] = path.split('?')[0]?.slice(1).split('/') ?? []
    const listed = decodeURIComponent(names === '_alias' ? more : names).split(',')
    if (names === '_alias') return this.#withAlias(listed)
    if (names.startsWith('%3C')) return listed[0] === '<f1-{now/d}>' ? { f1: aliases.f1 as JsonValue } : {}
    return Object.fromEntries(Object.entries(aliases).filter(([index]) => listed.includes(index)))
  }

  #withAlias(asked: readonly string[]): JsonValue {
    const found = Object.entries(aliases).filter(([, value]) =>
      asked.some((alias) => alias in (value as { aliases: object }).aliases),
    )
    return Object.fromEntries(found)
  }
}

function namesIn(own = new LocalCluster(), caller = own) {
  const names = new FollowerNames(() => followers)
  const find = (expression: string, use: NameUse = 'all', user = 'u') =>
    names.find(expression, use, { own: own.ask, caller: caller.ask, callerHeaders: { authorization: user } })
  return { find, own, caller }
}

test('a document goes to the write index of an alias or a data stream', async () => {
  const { find } = namesIn()
  const cases: [string, string[]][] = [
    ['f1', ['f1']],
    ['free', []],
    ['only', ['f1']],
    ['many', []],
    ['w', ['f1']],
    ['no', []],
    ['both', []],
    ['other', []],
    ['logs', ['.ds-logs-000002']],
    ['metrics', []],
    ['logs::data', ['.ds-logs-000002']],
    ['<f1-{now/d}>', ['f1']],
    ['<free-{now/d}>', []],
    ['f*', []],
  ]
  for (const [name, expected] of cases) assert.deepEqual(await find(name, 'write'), expected, name)
})

test('an expression leads to all that is behind its names and patterns', async () => {
  const { find } = namesIn()
  const cases: [string, string[]][] = [
    ['f1', ['f1']],
    ['f2,f1,free', ['f1', 'f2']],
    ['f*', ['f1', 'f2']],
    ['*', ['.ds-logs-000002', 'f1', 'f2']],
    ['_all', ['.ds-logs-000002', 'f1', 'f2']],
    ['', ['.ds-logs-000002', 'f1', 'f2']],
    ['f*,-f1', ['f2']],
    ['-f1', []],
    ['both', ['f1', 'f2']],
    ['many', ['f1']],
    ['bo*', ['f1', 'f2']],
    ['log*', ['.ds-logs-000002']],
    ['free', []],
    ['metrics', []],
    ['<f1-{now/d}>,f2', ['f1', 'f2']],
  ]
  for (const [expression, expected] of cases) assert.deepEqual(await find(expression), expected, expression)
})

test('the local cluster is asked once for all who ask at a time, and not at all for the names of followers', async () => {
  const { find, own } = namesIn()
  assert.deepEqual(await find('f1', 'write'), ['f1'])
  assert.deepEqual(own.asked, [])
  await Promise.all(Array.from({ length: 20 }, (_, n) => find(`only${n}`, 'write')))
  assert.equal(own.asked.length, 3)
})

test('where the gateway itself may not see aliases, each caller is asked for, and who may not either is told by names alone', async () => {
  const own = new LocalCluster()
  own.isShown = false
  const { find, caller } = namesIn(own, new LocalCluster())
  assert.deepEqual(await find('only', 'write', 'a'), ['f1'])
  const { length } = caller.asked
  assert.deepEqual(await find('only', 'write', 'a'), ['f1'])
  assert.equal(caller.asked.length, length)
  assert.equal(own.asked.length, 1)
  caller.isShown = false
  assert.deepEqual(await find('only', 'write', 'b'), [])
  assert.deepEqual(await find('f1,f2', 'all', 'b'), ['f1', 'f2'])
})

test('a local cluster that does not answer is told of, and asked again the next time', async () => {
  const own = new LocalCluster()
  const { find } = namesIn(own)
  const failing = namesIn({ ask: () => Promise.reject(new Error('away')) } as never)
  await assert.rejects(failing.find('only', 'write'), /away/)
  assert.deepEqual(await find('only', 'write'), ['f1'])
})
