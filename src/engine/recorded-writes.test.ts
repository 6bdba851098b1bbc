// The log of writes: what readers are shown, and that nothing is lost to them by crashes and limits.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock, type TestContext, test } from 'node:test'
import { isErrorOf } from '../foundation/errors.ts'
import { loadSqlite } from '../foundation/load-sqlite.ts'
import { RecordedWrites, type RecordSettings } from './recorded-writes.ts'

const usual: RecordSettings = { indexes: ['orders*'], bytesMax: 1024 * 1024, keepMs: 86_400_000 }

function opener(context: TestContext): (settings?: Partial<RecordSettings>) => Promise<RecordedWrites> {
  const folder = mkdtempSync(join(tmpdir(), 'indexferry-recorded-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return (settings = {}) =>
    RecordedWrites.open(folder, { ...usual, ...settings }, (error) => {
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
async function readAll(log: RecordedWrites, index: string, after: number, idsMax = 1_000) {
  const ids: string[] = []
  let sweep = false
  for (let position = after, pages = 1; ; pages++) {
    const page = await log.read(index, position, idsMax)
    ids.push(...page.ids)
    sweep ||= page.sweep
    position = page.position
    if (page.isComplete) return { ids: ids.sort(), sweep, position, pages }
  }
}

test('a write is shown when it was answered, by the names that lead to the index', async (context) => {
  await using log = await opener(context)()
  const start = await log.register('orders-1', 'r')
  await log.learnAliases('orders-1', ['today'])
  const one = await log.begin([{ name: 'orders-1', ids: ['a'] }])
  const two = await log.begin([
    { name: 'today', ids: ['b'] },
    { name: 'orders-2', ids: ['c'] },
  ])
  assert.deepEqual((await readAll(log, 'orders-1', start)).ids, [])
  two.answered()
  const { ids, position } = await readAll(log, 'orders-1', start)
  assert.deepEqual(ids, ['b'])
  one.answered()
  assert.deepEqual((await readAll(log, 'orders-1', position)).ids, ['a'])
  assert.deepEqual((await readAll(log, 'orders-2', start)).ids, ['c'])
  assert.deepEqual(
    ['orders', 'today', 'other'].map((name) => log.covers(name)),
    [true, true, false],
  )
})

test('pages are bounded and lack nothing', async (context) => {
  await using log = await opener(context)()
  const start = await log.register('orders', 'r')
  const all = Array.from({ length: 3_000 }, (_, at) => `id-${at}`)
  const tickets = await Promise.all(all.map((id) => log.begin([{ name: 'orders', ids: [id] }])))
  for (const ticket of tickets.toReversed()) ticket.answered()
  const read = await readAll(log, 'orders', start, 100)
  assert.deepEqual(read.ids, [...all].sort())
  assert.ok(read.pages >= 30)
})

test('what names no ids is a sweep for those whom it may concern', async (context) => {
  const { notesOfExpression } = await import('./recorded-writes.ts')
  await using log = await opener(context)()
  const marks = async (expression: string, index: string) => {
    const start = await log.register(index, 'r')
    const ticket = await log.begin(notesOfExpression(expression))
    ticket.answered()
    return (await readAll(log, index, start)).sweep
  }
  assert.equal(await marks('orders-1', 'orders-1'), true)
  assert.equal(await marks('orders-*,-x', 'orders-1'), true)
  assert.equal(await marks('other-*,orders-2', 'orders-1'), false)
  assert.equal(await marks('<orders-{now/d}>', 'orders-1'), true)
  assert.equal(await marks('_all', 'orders-1'), true)
  // As before 6.0: all others, and a name that is added.
  assert.equal(await marks('-other', 'orders-1'), true)
  assert.equal(await marks('other,+orders-1', 'orders-1'), true)
  assert.equal(await marks('+ord*', 'orders-1'), true)
})

test('what nobody knows the end of is shown again later, also after a crash', async (context) => {
  const tick = heldClocks(context)
  const open = opener(context)
  let start: number
  {
    await using log = await open()
    start = await log.register('orders', 'r')
    ;(await log.begin([{ name: 'orders', ids: ['lost'] }])).lost()
    const first = await readAll(log, 'orders', start)
    assert.deepEqual(first.ids, ['lost'])
    // Read by everybody, it stays.
    await log.acknowledge('orders', 'r', first.position)
    tick(100_000)
    start = first.position
    const again = await readAll(log, 'orders', start)
    assert.deepEqual(again.ids, ['lost'])
    start = again.position
    await log.begin([{ name: 'orders', ids: ['under way'] }])
    assert.deepEqual((await readAll(log, 'orders', start)).ids, [])
  }
  await using log = await open()
  const found = await readAll(log, 'orders', start)
  assert.deepEqual(found.ids, ['under way'])
  assert.ok(found.position > start, 'numbers go on')
  tick(100_000)
  assert.deepEqual((await readAll(log, 'orders', found.position)).ids, ['under way'])
})

test('a call that takes long is shown before its end, and at its end', async (context) => {
  const tick = heldClocks(context)
  await using log = await opener(context)()
  const start = await log.register('orders', 'r')
  const ticket = await log.begin([{ name: 'orders', ids: ['a'] }])
  tick(40_000)
  const early = await readAll(log, 'orders', start)
  assert.deepEqual(early.ids, ['a'])
  await log.acknowledge('orders', 'r', early.position)
  tick(10_000)
  ticket.answered()
  assert.deepEqual((await readAll(log, 'orders', early.position)).ids, ['a'])
})

test('what all have read goes, and what is too much: that is a sweep', async (context) => {
  const tick = heldClocks(context)
  await using log = await opener(context)({ bytesMax: 20_000 })
  const write = async (count: number) => {
    for (let at = 0; at < count; at++) (await log.begin([{ name: 'orders', ids: [`id-${at}`] }])).answered()
  }
  const slow = await log.register('orders', 'slow')
  await write(50)
  const { position } = await readAll(log, 'orders', slow)
  await log.acknowledge('orders', 'fast', position)
  tick(10_000)
  assert.equal((await readAll(log, 'orders', slow)).ids.length, 50, 'the slow one has not read it')
  await write(400)
  tick(10_000)
  assert.equal((await readAll(log, 'orders', slow)).sweep, true)
  const gap = await log.read('orders', slow, 10)
  assert.deepEqual((await log.read('orders', gap.position, 10)).ids, [], 'it goes on behind the gap')
})

test('a reader that was forgotten is told that something is missing', async (context) => {
  const tick = heldClocks(context)
  await using log = await opener(context)({ keepMs: 60_000 })
  const away = await log.register('orders', 'away')
  tick(50_000)
  for (const id of ['a', 'b']) (await log.begin([{ name: 'orders', ids: [id] }])).answered()
  const { position } = await readAll(log, 'orders', away)
  tick(20_000)
  assert.deepEqual((await readAll(log, 'orders', away)).ids, ['a', 'b'], 'what nobody has passed stays')
  await log.acknowledge('orders', 'fast', position)
  tick(5_000)
  const back = await readAll(log, 'orders', away)
  assert.deepEqual([back.ids, back.sweep], [[], true])
  assert.equal((await readAll(log, 'orders', position)).sweep, false, 'not to whom nothing is missing')
})

test('a page holds no more than some megabytes of ids, and one call at least', async (context) => {
  await using log = await opener(context)({ bytesMax: 1e9 })
  const start = await log.register('orders', 'r')
  const long = 'x'.repeat(500)
  const ids = (call: number) => Array.from({ length: 6_000 }, (_, at) => `${call}-${at}-${long}`)
  for (let call = 0; call < 4; call++) (await log.begin([{ name: 'orders', ids: ids(call) }])).answered()
  const page = await log.read('orders', start, 1_000_000)
  assert.deepEqual([page.ids.length, page.isComplete], [6_000, false])
  const all = await readAll(log, 'orders', start, 1_000_000)
  assert.equal(all.ids.length, 24_000)
})

test('an alias that is learnt marks the index, and once more when what was under way has ended', async (context) => {
  const tick = heldClocks(context)
  await using log = await opener(context)()
  const start = await log.register('orders', 'r')
  const before = log.generation
  await log.learnAliases('orders', ['today'])
  assert.notEqual(log.generation, before)
  const first = await readAll(log, 'orders', start)
  assert.equal(first.sweep, true)
  assert.equal((await readAll(log, 'orders', first.position)).sweep, false)
  tick(100_000)
  const second = await readAll(log, 'orders', first.position)
  assert.equal(second.sweep, true)
  await log.learnAliases('orders', ['today'])
  tick(100_000)
  assert.equal((await readAll(log, 'orders', second.position)).sweep, false)
  await log.learnAliases('orders', ['orders-today'])
  const third = await readAll(log, 'orders', second.position)
  assert.equal(third.sweep, true)
  tick(100_000)
  assert.equal((await readAll(log, 'orders', third.position)).sweep, false, 'one that was recorded all the time')
})

test('what named no documents when a gateway died is marked for ten minutes', async (context) => {
  const tick = heldClocks(context)
  const open = opener(context)
  {
    await using log = await open()
    await log.begin([{ name: 'orders', ids: undefined }])
  }
  await using log = await open()
  let { position, sweep } = await readAll(log, 'orders', 0)
  let marks = 0
  for (let minute = 0; minute < 20; minute++) {
    for (let part = 0; part < 10; part++) {
      tick(6_000)
      await log.read('orders', position, 1)
    }
    ;({ position, sweep } = await readAll(log, 'orders', position))
    if (sweep) marks++
  }
  assert.ok(marks >= 8 && marks <= 12, `${marks} times`)
})

test('what an earlier gateway left is marked for as long as somebody says that it goes on', async (context) => {
  const tick = heldClocks(context)
  const open = opener(context)
  {
    await using log = await open()
    assert.equal(log.left, undefined)
    await log.begin([{ name: 'orders', ids: undefined }])
  }
  await using log = await open()
  log.left?.renew()
  let position = 0
  const marks = async (minutes: number) => {
    let count = 0
    for (let part = 0; part < minutes * 10; part++) {
      tick(6_000)
      const read = await readAll(log, 'orders', position)
      position = read.position
      if (read.sweep) count++
    }
    return count
  }
  const running = await marks(30)
  assert.ok(running >= 25 && running <= 32, `${running} times`)
  log.left?.lost()
  assert.equal(await marks(5), 2, 'at the end, and once more, as of any call that nobody knows the end of')
})

test('the clock of the wall may jump', async (context) => {
  const tick = heldClocks(context)
  await using log = await opener(context)()
  const ticket = await log.begin([{ name: 'orders', ids: ['a'] }])
  tick(3_000)
  mock.timers.setTime(Date.now() + 3_600_000)
  assert.equal((await log.read('orders', 0, 10)).underWayMs, 3_000)
  ticket.lost()
  const { position } = await readAll(log, 'orders', 0)
  tick(5_000)
  assert.deepEqual((await readAll(log, 'orders', position)).ids, [], 'not before its time')
})

test('date math is recorded, whatever it leads to', async (context) => {
  await using log = await opener(context)()
  assert.deepEqual([log.covers('<other-{now/d}>'), log.covers('other-2026')], [true, false])
})

test('while the disk is waited for everything else goes on, and only so many calls wait', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'indexferry-recorded-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  await using log = await RecordedWrites.open(folder, { ...usual, bytesMax: 1024 ** 3 }, () => {})
  const { DatabaseSync } = loadSqlite()
  const other = new DatabaseSync(join(folder, 'recorded-writes.db'))
  let written = 0
  const write = async (id: string) => {
    const ticket = await log.begin([{ name: 'orders', ids: [id] }])
    written++
    ticket.answered()
  }
  const start = await log.register('orders', 'r')
  other.exec('BEGIN IMMEDIATE')
  const held = [write('first')]
  for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setTimeout(resolve, 1))
  held.push(write('second'), write('third'))
  await new Promise((resolve) => setTimeout(resolve, 1))
  assert.equal(written, 0)
  other.close()
  await Promise.all(held)
  // In one turn, so that the disk has no part in it.
  const ids = Array.from({ length: 20_010 }, (_, at) => `${at}`)
  const results = await Promise.allSettled(ids.map(write))
  const refused = ids.filter((_, at) => results[at]?.status === 'rejected')
  assert.ok([9, 10].includes(refused.length), `${refused.length} refused: the first may be on its way to the disk`)
  for (const result of results)
    if (result.status === 'rejected') assert.ok(isErrorOf(result.reason, 'WRITE_NOT_RECORDED'))
  const recorded = (await readAll(log, 'orders', start, 100_000)).ids
  const expected = ['first', 'second', 'third', ...ids.filter((id) => !refused.includes(id))]
  assert.deepEqual(recorded, expected.sort())
})

test('a log of other names is another log, and one that cannot be written refuses', async (context) => {
  const open = opener(context)
  let id: string
  {
    await using log = await open()
    id = log.id
  }
  {
    await using same = await open({ bytesMax: 5_000 })
    assert.equal(same.id, id)
  }
  const other = await open({ indexes: ['orders*', 'more'] })
  assert.notEqual(other.id, id)
  await other[Symbol.asyncDispose]()
  await assert.rejects(other.begin([{ name: 'orders', ids: ['a'] }]), (error) => isErrorOf(error, 'WRITE_NOT_RECORDED'))
})
