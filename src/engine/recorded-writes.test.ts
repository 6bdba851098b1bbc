// The log of writes: what readers are shown, and that nothing is lost to them by crashes and limits.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock, type TestContext, test } from 'node:test'
import { isErrorOf } from '../foundation/errors.ts'
import { RecordedWrites, type RecordSettings } from './recorded-writes.ts'

const usual: RecordSettings = { indexes: ['orders*'], bytesMax: 1024 * 1024, keepMs: 86_400_000 }

function opener(context: TestContext): (settings?: Partial<RecordSettings>) => RecordedWrites {
  const folder = mkdtempSync(join(tmpdir(), 'indexferry-recorded-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return (settings = {}) =>
    new RecordedWrites(folder, { ...usual, ...settings }, (error) => {
      throw error
    })
}

/** All that is shown to a reader who asks until the end. */
function readAll(log: RecordedWrites, index: string, after: number, idsMax = 1_000) {
  const ids: string[] = []
  let sweep = false
  for (let position = after, pages = 1; ; pages++) {
    const page = log.read(index, position, idsMax)
    ids.push(...page.ids)
    sweep ||= page.sweep
    position = page.position
    if (page.isComplete) return { ids: ids.sort(), sweep, position, pages }
  }
}

test('a write is shown when it was answered, by the names that lead to the index', async (context) => {
  using log = opener(context)()
  const start = log.register('orders-1', 'r')
  log.learnAliases('orders-1', ['today'])
  const one = await log.begin([{ name: 'orders-1', ids: ['a'] }])
  const two = await log.begin([
    { name: 'today', ids: ['b'] },
    { name: 'orders-2', ids: ['c'] },
  ])
  assert.deepEqual(readAll(log, 'orders-1', start).ids, [])
  two.answered()
  const { ids, position } = readAll(log, 'orders-1', start)
  assert.deepEqual(ids, ['b'])
  one.answered()
  assert.deepEqual(readAll(log, 'orders-1', position).ids, ['a'])
  assert.deepEqual(readAll(log, 'orders-2', start).ids, ['c'])
  assert.deepEqual(
    ['orders', 'today', 'other'].map((name) => log.covers(name)),
    [true, true, false],
  )
})

test('pages are bounded and lack nothing', async (context) => {
  using log = opener(context)()
  const start = log.register('orders', 'r')
  const all = Array.from({ length: 3_000 }, (_, at) => `id-${at}`)
  const tickets = await Promise.all(all.map((id) => log.begin([{ name: 'orders', ids: [id] }])))
  for (const ticket of tickets.toReversed()) ticket.answered()
  const read = readAll(log, 'orders', start, 100)
  assert.deepEqual(read.ids, [...all].sort())
  assert.ok(read.pages >= 30)
})

test('what names no ids is a sweep for those whom it may concern', async (context) => {
  const { notesOfExpression } = await import('./recorded-writes.ts')
  using log = opener(context)()
  const marks = (expression: string, index: string) => {
    const start = log.register(index, 'r')
    return log.begin(notesOfExpression(expression)).then((ticket) => {
      ticket.answered()
      return readAll(log, index, start).sweep
    })
  }
  assert.equal(await marks('orders-1', 'orders-1'), true)
  assert.equal(await marks('orders-*,-x', 'orders-1'), true)
  assert.equal(await marks('other-*,orders-2', 'orders-1'), false)
  assert.equal(await marks('<orders-{now/d}>', 'orders-1'), true)
  assert.equal(await marks('_all', 'orders-1'), true)
})

test('what nobody knows the end of is shown again later, also after a crash', async (context) => {
  mock.timers.enable({ apis: ['setInterval', 'Date'], now: Date.now() })
  context.after(() => mock.timers.reset())
  const open = opener(context)
  let start: number
  {
    using log = open()
    start = log.register('orders', 'r')
    ;(await log.begin([{ name: 'orders', ids: ['lost'] }])).lost()
    const first = readAll(log, 'orders', start)
    assert.deepEqual(first.ids, ['lost'])
    // Read by everybody, it stays.
    log.acknowledge('orders', 'r', first.position)
    mock.timers.tick(100_000)
    start = first.position
    const again = readAll(log, 'orders', start)
    assert.deepEqual(again.ids, ['lost'])
    start = again.position
    await log.begin([{ name: 'orders', ids: ['under way'] }])
    assert.deepEqual(readAll(log, 'orders', start).ids, [])
  }
  using log = open()
  const found = readAll(log, 'orders', start)
  assert.deepEqual(found.ids, ['under way'])
  assert.ok(found.position > start, 'numbers go on')
  mock.timers.tick(100_000)
  assert.deepEqual(readAll(log, 'orders', found.position).ids, ['under way'])
})

test('a call that takes long is shown before its end, and at its end', async (context) => {
  mock.timers.enable({ apis: ['setInterval', 'Date'], now: Date.now() })
  context.after(() => mock.timers.reset())
  using log = opener(context)()
  const start = log.register('orders', 'r')
  const ticket = await log.begin([{ name: 'orders', ids: ['a'] }])
  mock.timers.tick(40_000)
  const early = readAll(log, 'orders', start)
  assert.deepEqual(early.ids, ['a'])
  log.acknowledge('orders', 'r', early.position)
  mock.timers.tick(10_000)
  ticket.answered()
  assert.deepEqual(readAll(log, 'orders', early.position).ids, ['a'])
})

test('what all have read goes, and what is too much: that is a sweep', async (context) => {
  mock.timers.enable({ apis: ['setInterval', 'Date'], now: Date.now() })
  context.after(() => mock.timers.reset())
  using log = opener(context)({ bytesMax: 20_000 })
  const write = async (count: number) => {
    for (let at = 0; at < count; at++) (await log.begin([{ name: 'orders', ids: [`id-${at}`] }])).answered()
  }
  const slow = log.register('orders', 'slow')
  await write(50)
  const { position } = readAll(log, 'orders', slow)
  log.acknowledge('orders', 'fast', position)
  mock.timers.tick(10_000)
  assert.equal(readAll(log, 'orders', slow).ids.length, 50, 'the slow one has not read it')
  await write(400)
  mock.timers.tick(10_000)
  assert.equal(readAll(log, 'orders', slow).sweep, true)
  const gap = log.read('orders', slow, 10)
  assert.deepEqual(log.read('orders', gap.position, 10).ids, [], 'it goes on behind the gap')
})

test('a log of other names is another log, and one that cannot be written refuses', async (context) => {
  const open = opener(context)
  let id: string
  {
    using log = open()
    id = log.id
  }
  {
    using same = open({ bytesMax: 5_000 })
    assert.equal(same.id, id)
  }
  const other = open({ indexes: ['orders*', 'more'] })
  assert.notEqual(other.id, id)
  other[Symbol.dispose]()
  await assert.rejects(other.begin([{ name: 'orders', ids: ['a'] }]), (error) => isErrorOf(error, 'WRITE_NOT_RECORDED'))
})
