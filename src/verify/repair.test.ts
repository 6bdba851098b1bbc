import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type MemoryDocument, memorySide } from '../../test/documents/memory-side.ts'
import type { DocumentBatch } from '../model/document-batch.ts'
import type { RepairActions } from './repair.ts'
import { verifyIndexes } from './verify.ts'

const signal = new AbortController().signal

const documentsOf = (batch: DocumentBatch): MemoryDocument[] =>
  Array.from({ length: batch.count }, (_, row) => ({
    id: batch.id(row),
    routing: batch.text(batch.routingStart[row] as number, batch.routingEnd[row] as number),
    source: batch.source(row).toString(),
  }))

/** A target like one shard: an id is there once, whatever its routing; deletes go by id. */
class OneShard implements RepairActions {
  readonly repairMax: number = 1000
  readonly log: string[] = []
  refuses: ReadonlySet<string> = new Set()
  private readonly documents: MemoryDocument[]

  constructor(documents: MemoryDocument[]) {
    this.documents = documents
  }

  writeBatch = async (batch: DocumentBatch) => {
    const rejected: { row: number; status: number; type: string; reason: string }[] = []
    for (const [row, document] of documentsOf(batch).entries()) {
      this.log.push(`write ${document.id}`)
      if (this.refuses.has(document.id)) rejected.push({ row, status: 400, type: 'mapper', reason: 'no' })
      else {
        this.remove(document.id)
        this.documents.push(document)
      }
    }
    return { rejected }
  }

  deleteBatch = async (batch: DocumentBatch) => {
    for (const { id } of documentsOf(batch)) {
      this.log.push(`delete ${id}`)
      this.remove(id)
    }
  }

  private remove(id: string) {
    const at = this.documents.findIndex((document) => document.id === id)
    if (at >= 0) this.documents.splice(at, 1)
  }
}

const base: MemoryDocument[] = Array.from({ length: 60 }, (_, n) => ({
  id: `d${n}`,
  routing: n % 3 ? `r${n}` : undefined,
  source: `{"n":${n}}`,
}))

test('writes and deletes exactly what differs, and then both sides are equal', async () => {
  const target: MemoryDocument[] = [
    ...base.slice(2).map((one) => (one.id === 'd7' ? { ...one, source: '{}' } : one)),
    { id: 'x', source: '{}' },
  ]
  const sides = { source: memorySide(base), target: memorySide(target) }
  const repair = new OneShard(target)
  const { report, differences } = await verifyIndexes(sides, { signal, repair })
  assert.deepEqual(repair.log.toSorted(), ['delete x', 'write d0', 'write d1', 'write d7'])
  assert.deepEqual([report.verdict, differences], ['equal', []])
  assert.deepEqual(report.repair?.before, { missing: 2, extra: 1, changed: 1, doubled: 0, rejected: 0 })
  assert.deepEqual([report.repair?.written, report.repair?.deleted], [3, 1])
  assert.equal((await verifyIndexes(sides, { signal })).report.verdict, 'equal')
})

test('a document that has another routing in the same shard is not lost by its own repair', async () => {
  const target = base.map((one) => (one.id === 'd4' ? { ...one, routing: 'wrong' } : one))
  const sides = { source: memorySide(base), target: memorySide(target) }
  const { report } = await verifyIndexes(sides, { signal, repair: new OneShard(target) })
  assert.equal(report.verdict, 'equal')
  assert.equal(target.find(({ id }) => id === 'd4')?.routing, 'r4')
})

test('a document that reaches the source while it is about to be deleted stays', async () => {
  const source = [...base]
  const target = [...base, { id: 'new', source: '{}' }]
  const sides = { source: memorySide(source), target: memorySide(target) }
  let refreshes = 0
  sides.source.lookup.refresh = async () => {
    if (++refreshes === 3) source.push({ id: 'new', source: '{}' })
  }
  const repair = new OneShard(target)
  const { report } = await verifyIndexes(sides, { signal, repair })
  assert.deepEqual(repair.log, [])
  assert.equal(report.verdict, 'equal')
})

test('what the target refuses again remains, as rejected', async () => {
  const target = base.slice(2)
  const repair = new OneShard(target)
  repair.refuses = new Set(['d1'])
  const { report } = await verifyIndexes({ source: memorySide(base), target: memorySide(target) }, { signal, repair })
  assert.equal(report.verdict, 'different')
  assert.deepEqual(report.differences.listed.rejected, [{ id: 'd1', routing: 'r1' }])
  assert.deepEqual(report.repair?.rejected, [{ id: 'd1', reason: 'no' }])
  assert.equal(report.repair?.written, 1)
})

test('doubled and known rejected documents are left alone', async () => {
  const target = [...base.slice(1), { ...(base[5] as MemoryDocument) }]
  const repair = new OneShard(target)
  const sides = { source: memorySide(base), target: memorySide(target) }
  const { report } = await verifyIndexes(sides, { signal, repair, knownRejected: new Set(['d0']) })
  assert.deepEqual(repair.log, [])
  assert.deepEqual([report.differences.counts.doubled, report.differences.counts.rejected], [1, 1])
})

test('more differences than the limit: nothing is changed', async () => {
  const target: MemoryDocument[] = []
  const repair = new OneShard(target)
  const limited = { repairMax: 59, writeBatch: repair.writeBatch, deleteBatch: repair.deleteBatch }
  const sides = { source: memorySide(base), target: memorySide(target) }
  await assert.rejects(verifyIndexes(sides, { signal, repair: limited }), { code: 'DOCUMENTS_DIFFER' })
  assert.deepEqual(repair.log, [])
})
