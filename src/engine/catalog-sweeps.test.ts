import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { hasSweeps, SweepsFile } from './catalog-sweeps.ts'

test('the highest version that was ever seen is kept, also of documents that are gone, and of files of an older form', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'indexferry-sweeps-'))
  try {
    const open = () => new SweepsFile(folder, 'c-1', () => false)
    {
      using file = open()
      const notes = file.ofUnit('orders')
      const rows = notes.see([
        { key: 'a', version: 3 },
        { key: 'b', version: 12 },
      ])
      assert.equal(notes.highestVersion(), 12)
      notes.takeOut(rows.slice(1))
      const [first] = notes.listNumbers(0, notes.next(), 10)
      assert.deepEqual([first?.key, first?.version], ['a', 3])
      notes.noteRead([{ ...first!, version: 15, digest: 1 }])
      assert.equal(notes.highestVersion(), 15)
      assert.equal(file.ofUnit('others').highestVersion(), 0)
      notes.see([{ key: 'c', version: '9007199254740993' }])
      assert.ok(notes.highestVersion() > Number.MAX_SAFE_INTEGER)
    }
    assert.ok(hasSweeps(folder, 'c-1') && !hasSweeps(folder, 'c-2'))
    {
      // As the first form left it.
      using database = new DatabaseSync(join(folder, 'sweeps', 'c-1.db'))
      database.exec(
        'ALTER TABLE units DROP COLUMN highest; ALTER TABLE units DROP COLUMN place; PRAGMA user_version = 1',
      )
      database.exec("DELETE FROM documents WHERE key = 'c'")
    }
    using file = open()
    assert.equal(file.ofUnit('orders').highestVersion(), 15)
  } finally {
    await rm(folder, { recursive: true })
  }
})
