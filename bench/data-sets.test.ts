import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dataSets, difficultSet } from './data-sets.ts'

test('documents depend on their number alone, are valid JSON in one line, and are as large as the title says', () => {
  const bytes = { small: [270, 300], middle: [2300, 2500], large: [95_000, 105_000] }
  for (const set of dataSets) {
    const rows = Array.from({ length: 20 }, (_, row) => row * 7)
    const sources = rows.map((row) => set.source(row))
    assert.deepEqual(
      rows
        .toReversed()
        .map((row) => set.source(row))
        .toReversed(),
      sources,
    )
    for (const source of sources) assert.ok(JSON.parse(source) && !source.includes('\n'))
    const [least = 0, most = 0] = bytes[set.name as keyof typeof bytes]
    const mean = Buffer.byteLength(sources.join('')) / sources.length
    assert.ok(mean > least && mean < most, `${set.name}: ${mean}`)
  }
})

test('ids lead back to their rows, and no others do', () => {
  for (const set of [...dataSets, difficultSet()]) {
    for (const row of [0, 1, set.count - 1]) assert.equal(set.row(set.id(row)), row)
    for (const id of ['doc-', 'doc-01', 'doc--1', 'doc-1.0', `doc-${set.count}`, 'other']) {
      assert.equal(set.row(id), undefined)
    }
  }
})

test('a JSON library changes some of the middle documents and none of the small ones', () => {
  const changed = (name: string) => {
    const set = dataSets.find((each) => each.name === name)!
    const rows = Array.from({ length: 300 }, (_, row) => row)
    return rows.filter((row) => JSON.stringify(JSON.parse(set.source(row))) !== set.source(row)).length
  }
  assert.equal(changed('small'), 0)
  assert.equal(changed('middle'), 100)
})
