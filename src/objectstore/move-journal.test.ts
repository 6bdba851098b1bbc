import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { IndexferryError } from '../foundation/errors.ts'
import { MoveJournal } from './move-journal.ts'

const entry = { key: 'a', size: 5, modifiedMs: 7, etag: 'e' }

test('what was noted is there again, and the move is known as begun', async () => {
  const state = await mkdtemp(join(tmpdir(), 'indexferry-journal-'))
  const upload = { key: 'base/a', id: 'u', size: 5, partSize: 2 }
  {
    using journal = MoveJournal.open(state, 'from', 'to')
    assert.equal(journal.isResumed, false)
    journal.addMoved(entry, 't')
    journal.addUpload('a', { upload, etag: 'e' })
    journal.addPart('a', 2, 'p2', Buffer.from('md5'))
    journal.transaction(() => {
      for (const key of ['b', 'c', 'd']) journal.plan({ ...entry, key, rank: 0, isCheck: key === 'c' })
    })
    assert.throws(
      () => MoveJournal.open(state, 'from', 'to'),
      (error: unknown) => error instanceof IndexferryError && error.code === 'COPY_RUNNING',
    )
    using _other = MoveJournal.open(state, 'from', 'elsewhere')
  }
  {
    using journal = MoveJournal.open(state, 'from', 'to')
    assert.equal(journal.isResumed, true)
    assert.deepEqual(journal.readMoved('a'), { size: 5, modifiedMs: 7, etag: 'e', targetEtag: 't' })
    assert.deepEqual(journal.readUpload('a'), { upload, etag: 'e' })
    assert.deepEqual([...journal.parts('a')], [[2, { etag: 'p2', md5: Buffer.from('md5') }]])
    assert.deepEqual(
      journal.planned(0, undefined, 2).map(({ key }) => key),
      ['b', 'c'],
    )
    assert.deepEqual(
      journal.planned(0, 'b', 9).map(({ key, isCheck }) => [key, isCheck]),
      [
        ['c', true],
        ['d', false],
      ],
    )
    journal.addUpload('a', { upload: { ...upload, id: 'v' }, etag: 'f' })
    assert.equal(journal.parts('a').size, 0, 'a new upload has no parts')
    journal.finish()
  }
  using journal = MoveJournal.open(state, 'from', 'to')
  assert.equal(journal.isResumed, false)
  await rm(state, { recursive: true })
})
