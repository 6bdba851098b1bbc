// What a sweep finds and the log of a gateway does not name.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AroundWrites } from './around-writes.ts'
import type { RecordedNotes } from './recorded-notes.ts'

const key = (id: string): string => `t\u0000${id}\u0000`

/** Every document that is seen is new. */
function fakeNotes(): RecordedNotes {
  const keys: string[] = []
  return {
    next: () => keys.length,
    see: (documents: readonly { key: string }[]) => documents.map((document) => keys.push(document.key)),
    listNumbers: (from: number, to: number) =>
      keys.slice(from, to).map((each, at) => ({ number: from + at, key: each })),
    takeOut: () => {},
    keysOfRows: (rows: readonly number[]) => rows.map((row) => key(`gone-${row}`)),
  } as unknown as RecordedNotes
}

test('only what nobody has named is told', () => {
  const around = new AroundWrites()
  const watched = around.watch(fakeNotes(), true)
  around.name(['a', 'other'])
  watched.see(['a', 'b', 'c'].map((id) => ({ key: key(id), version: 1 })))
  watched.takeOut([1, 2])
  around.name(['b', 'gone-1'])
  assert.equal(around.take(), 2)
  assert.equal(around.take(), 0, 'once')
})

test('nothing is told of sweeps that have other reasons, nor when the log has named too much to be kept', () => {
  const around = new AroundWrites()
  around.watch(fakeNotes(), false).see([{ key: key('a'), version: 1 }])
  assert.equal(around.take(), 0)
  around.watch(fakeNotes(), true).see([{ key: key('a'), version: 1 }])
  around.drop()
  assert.equal(around.take(), 0)
  around.watch(fakeNotes(), true).see([{ key: key('a'), version: 1 }])
  around.name(Array.from({ length: 100_002 }, (_, at) => `n-${at}`))
  assert.equal(around.take(), 0)
})
