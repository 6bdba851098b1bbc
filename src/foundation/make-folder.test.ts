import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeFolder } from './make-folder.ts'

test('makes what is missing, and nothing where it is there', () => {
  const root = mkdtempSync(join(tmpdir(), 'make-folder-'))
  try {
    makeFolder(join(root, 'a', 'b', 'c'))
    makeFolder(join(root, 'a', 'b', 'c'))
    assert.ok(existsSync(join(root, 'a', 'b', 'c')))
    writeFileSync(join(root, 'file'), '')
    assert.throws(() => makeFolder(join(root, 'file')), /in the place/)
    assert.throws(() => makeFolder(join(root, 'file', 'below')))
  } finally {
    rmSync(root, { recursive: true })
  }
})

test('ends where no folder can be made', { skip: existsSync('/proc/self') ? false : 'there is no /proc' }, () => {
  assert.throws(() => makeFolder('/proc/indexferry/state'))
})
