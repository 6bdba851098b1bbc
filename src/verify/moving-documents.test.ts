// What is proven of documents that are written while they are looked at.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DocumentDigester } from './document-digest.ts'
import { MovingDocuments } from './moving-documents.ts'

const key = { id: 'd', routing: undefined, bytes: 1 }
const candidate = { key, identity: 'd' }

/** One look at one document; 0 is not there. Whether it still differs without proof. */
function look(moving: MovingDocuments, source: number, target: number, documents = 1): boolean {
  moving.begin(documents)
  const digest = (content: number) => ({ lanes: Uint32Array.of(content, 1, 2, 3) }) as unknown as DocumentDigester
  if (source > 0) moving.add('source', 'd', digest(source))
  if (target > 0) moving.add('target', 'd', digest(target))
  return source !== target && moving.unproven([candidate]).length > 0
}

describe('documents that move', () => {
  it('are proven when the target has what the source had at an earlier look', () => {
    const moving = new MovingDocuments()
    assert.ok(look(moving, 2, 1))
    assert.ok(look(moving, 3, 1), 'still what it was before')
    assert.equal(look(moving, 4, 3), false)
  })

  it('are not proven by what the source had too long ago', () => {
    const moving = new MovingDocuments()
    assert.ok(look(moving, 2, 1))
    for (let content = 3; content < 8; content++) assert.ok(look(moving, content, 1))
    assert.ok(look(moving, 9, 2))
  })

  it('are proven when deletes and new documents arrive late', () => {
    const moving = new MovingDocuments()
    assert.ok(look(moving, 2, 1))
    assert.equal(look(moving, 0, 2), false, 'the delete is on its way')
    const other = new MovingDocuments()
    assert.ok(look(other, 0, 1))
    assert.equal(look(other, 2, 0), false, 'the delete has arrived, the new document is on its way')
  })

  it('never are when the target stands still', () => {
    const moving = new MovingDocuments()
    for (let content = 2; content < 32; content++) assert.ok(look(moving, content, 1))
    assert.equal(moving.isMoving(candidate), false)
    const gone = new MovingDocuments()
    for (let content = 2; content < 32; content++) assert.ok(look(gone, content, 0))
    assert.equal(gone.isMoving(candidate), false)
  })

  it('never are when the source stands still', () => {
    const moving = new MovingDocuments()
    for (let content = 2; content < 32; content++) assert.ok(look(moving, 1, content))
    assert.equal(moving.isMoving(candidate), false)
  })

  it('are told apart from those that differ when both sides change at most looks', () => {
    const moving = new MovingDocuments()
    for (let content = 100; content < 130; content++) assert.ok(look(moving, content * 10, content * 10 - 5))
    assert.ok(moving.isMoving(candidate))
    const once = new MovingDocuments()
    for (let n = 0; n < 30; n++) look(once, 1_000 + n, n < 15 ? 1 : 2)
    assert.equal(once.isMoving(candidate), false)
  })

  it('no longer do when both sides stand still, unequal', () => {
    const moving = new MovingDocuments()
    for (let content = 100; content < 112; content++) assert.ok(look(moving, content * 10, content * 10 - 5))
    assert.ok(moving.isMoving(candidate))
    for (let n = 0; n < 18; n++) assert.ok(look(moving, 1_110, 1_105))
    assert.equal(moving.isMoving(candidate), false)
  })

  it('no longer do when one side has stopped', () => {
    for (const stopped of ['source', 'target']) {
      const moving = new MovingDocuments()
      for (let content = 100; content < 130; content++) assert.ok(look(moving, content * 10, content * 10 - 5))
      for (let n = 0; n < 5; n++) {
        const [source, target] = stopped === 'source' ? [5_000, 6_000 + n] : [5_000 + n, 6_000]
        assert.ok(look(moving, source, target))
      }
      assert.equal(moving.isMoving(candidate), false, stopped)
    }
  })

  it('are not looked for among many', () => {
    const moving = new MovingDocuments()
    assert.ok(look(moving, 2, 1, 1_000_000))
    assert.ok(look(moving, 3, 2, 1_000_000))
  })
})
