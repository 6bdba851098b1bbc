// Finding documents in the notes by id alone: whatever their type and routing, and however the server writes the id.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { SweepsFile } from './catalog-sweeps.ts'

const separator = '\u0000'

test('documents are found by their ids', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'indexferry-sweeps-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  using file = new SweepsFile(folder, 'c-1', () => false)
  const notes = file.ofUnit('orders')
  const other = file.ofUnit('others')
  const see = (of: typeof notes, type: string, id: string, routing = '') =>
    of.see([{ key: [type, id, routing].join(separator), version: 1 }])[0] as number
  const rows = {
    plain: see(notes, 'order', '7'),
    routed: see(notes, 'order', '7', 'r'),
    typed: see(notes, 'item', '7'),
    longer: see(notes, 'item', '77'),
    quoted: see(notes, 'order', 'a\\"b\\\\c'),
    control: see(notes, 'order', 'x\\u001Fy'),
    foreign: see(notes, '', 'ü€😀'),
  }
  see(other, 'order', '7')
  const find = (...ids: string[]) =>
    notes
      .rowsOfIds(ids)
      .map(({ row }) => row)
      .sort((a, b) => a - b)
  assert.deepEqual(find('7'), [rows.plain, rows.routed, rows.typed])
  assert.deepEqual(find('77', 'gone'), [rows.longer])
  assert.deepEqual(find('a"b\\c', 'x\u001fy', 'ü€😀'), [rows.quoted, rows.control, rows.foreign])
  assert.deepEqual(notes.keysOfRows([rows.routed]), [['order', '7', 'r'].join(separator)])
  notes.takeOut([rows.routed])
  assert.deepEqual(find('7'), [rows.plain, rows.typed])
})

test('the place in a log is kept', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'indexferry-sweeps-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const place = { log: 'l', position: 7, reader: 'r', isSwept: true, sweptAtMs: undefined }
  {
    using file = new SweepsFile(folder, 'c-1', () => false)
    assert.equal(file.ofUnit('orders').readPlace(), undefined)
    file.ofUnit('orders').savePlace(place)
  }
  using file = new SweepsFile(folder, 'c-1', () => true)
  const { sweptAtMs: _, ...kept } = place
  assert.deepEqual(file.ofUnit('orders').readPlace(), kept)
})
