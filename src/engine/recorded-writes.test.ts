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

/** Both clocks and the timers stand still; what is returned moves them. */
function heldClocks(context: TestContext): (ms: number) => void {
  mock.timers.enable({ apis: ['setInterval', 'Date'], now: Date.now() })
  // A whole number: what is added to a fraction is not always what is found between the two.
  let ms = Math.floor(performance.now())
  context.mock.method(performance, 'now', () => ms)
  context.after(() => mock.timers.reset())
  return (more) => {
    ms += more
    mock.timers.tick(more)
  }
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
  const tick = heldClocks(context)
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
    tick(100_000)
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
  tick(100_000)
  assert.deepEqual(readAll(log, 'orders', found.position).ids, ['under way'])
})

test('a call that takes long is shown before its end, and at its end', async (context) => {
  const tick = heldClocks(context)
  using log = opener(context)()
  const start = log.register('orders', 'r')
  const ticket = await log.begin([{ name: 'orders', ids: ['a'] }])
  tick(40_000)
  const early = readAll(log, 'orders', start)
  assert.deepEqual(early.ids, ['a'])
  log.acknowledge('orders', 'r', early.position)
  tick(10_000)
  ticket.answered()
  assert.deepEqual(readAll(log, 'orders', early.position).ids, ['a'])
})

test('what all have read goes, and what is too much: that is a sweep', async (context) => {
  const tick = heldClocks(context)
  using log = opener(context)({ bytesMax: 20_000 })
  const write = async (count: number) => {
    for (let at = 0; at < count; at++) (await log.begin([{ name: 'orders', ids: [`id-${at}`] }])).answered()
  }
  const slow = log.register('orders', 'slow')
  await write(50)
  const { position } = readAll(log, 'orders', slow)
  log.acknowledge('orders', 'fast', position)
  tick(10_000)
  assert.equal(readAll(log, 'orders', slow).ids.length, 50, 'the slow one has not read it')
  await write(400)
  tick(10_000)
  assert.equal(readAll(log, 'orders', slow).sweep, true)
  const gap = log.read('orders', slow, 10)
  assert.deepEqual(log.read('orders', gap.position, 10).ids, [], 'it goes on behind the gap')
})

test('a reader that was forgotten is told that something is missing', async (context) => {
  const tick = heldClocks(context)
  using log = opener(context)({ keepMs: 60_000 })
  const away = log.register('orders', 'away')
  tick(50_000)
  for (const id of ['a', 'b']) (await log.begin([{ name: 'orders', ids: [id] }])).answered()
  const { position } = readAll(log, 'orders', away)
  tick(20_000)
  assert.deepEqual(readAll(log, 'orders', away).ids, ['a', 'b'], 'what nobody has passed stays')
  log.acknowledge('orders', 'fast', position)
  tick(5_000)
  const back = readAll(log, 'orders', away)
  assert.deepEqual([back.ids, back.sweep], [[], true])
  assert.equal(readAll(log, 'orders', position).sweep, false, 'not to whom nothing is missing')
})

test('a page holds no more than some megabytes of ids, and one call at least', async (context) => {
  using log = opener(context)({ bytesMax: 1e9 })
  const start = log.register('orders', 'r')
  const long = 'x'.repeat(500)
  const ids = (call: number) => Array.from({ length: 6_000 }, (_, at) => `${call}-${at}-${long}`)
  for (let call = 0; call < 4; call++) (await log.begin([{ name: 'orders', ids: ids(call) }])).answered()
  const page = log.read('orders', start, 1_000_000)
  assert.deepEqual([page.ids.length, page.isComplete], [6_000, false])
  const all = readAll(log, 'orders', start, 1_000_000)
  assert.equal(all.ids.length, 24_000)
})

test('an alias that is learnt marks the index, and once more when what was under way has ended', async (context) => {
  const tick = heldClocks(context)
  using log = opener(context)()
  const start = log.register('orders', 'r')
  const before = log.generation
  log.learnAliases('orders', ['today'])
  assert.notEqual(log.generation, before)
  const first = readAll(log, 'orders', start)
  assert.equal(first.sweep, true)
  assert.equal(readAll(log, 'orders', first.position).sweep, false)
  tick(100_000)
  const second = readAll(log, 'orders', first.position)
  assert.equal(second.sweep, true)
  log.learnAliases('orders', ['today'])
  tick(100_000)
  assert.equal(readAll(log, 'orders', second.position).sweep, false)
  log.learnAliases('orders', ['orders-today'])
  const third = readAll(log, 'orders', second.position)
  assert.equal(third.sweep, true)
  tick(100_000)
  assert.equal(readAll(log, 'orders', third.position).sweep, false, 'one that was recorded all the time')
})

test('what named no documents when a gateway died is marked for ten minutes', async (context) => {
  const tick = heldClocks(context)
  const open = opener(context)
  {
    using log = open()
    await log.begin([{ name: 'orders', ids: undefined }])
  }
  using log = open()
  let { position, sweep } = readAll(log, 'orders', 0)
  let marks = 0
  for (let minute = 0; minute < 20; minute++) {
    for (let part = 0; part < 10; part++) tick(6_000)
    ;({ position, sweep } = readAll(log, 'orders', position))
    if (sweep) marks++
  }
  assert.ok(marks >= 8 && marks <= 12, `${marks} times`)
})

test('the clock of the wall may jump', async (context) => {
  const tick = heldClocks(context)
  using log = opener(context)()
  const ticket = await log.begin([{ name: 'orders', ids: ['a'] }])
  tick(3_000)
  mock.timers.setTime(Date.now() + 3_600_000)
  assert.equal(log.read('orders', 0, 10).underWayMs, 3_000)
  ticket.lost()
  const { position } = readAll(log, 'orders', 0)
  tick(5_000)
  assert.deepEqual(readAll(log, 'orders', position).ids, [], 'not before its time')
})

test('date math is recorded, whatever it leads to', (context) => {
  using log = opener(context)()
  assert.deepEqual([log.covers('<other-{now/d}>'), log.covers('other-2026')], [true, false])
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
