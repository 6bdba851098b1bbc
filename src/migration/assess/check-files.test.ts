import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkSourceFile, checkTargetFile } from './check-files.ts'

test('files that can be read or written, and such that cannot', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'indexferry-files-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'a.ndjson')
  const [missing] = (await checkSourceFile(file)).findings
  assert.equal(missing?.severity, 'error')
  assert.ok(missing?.remedy)
  assert.equal((await checkTargetFile(file))[0]?.severity, 'ok')
  await writeFile(file, '{"a":1}\n')
  assert.equal((await checkSourceFile(file)).bytes, 8)
  assert.match((await checkTargetFile(file))[0]?.remedy ?? '', /--overwrite/)
  assert.equal((await checkTargetFile(join(folder, 'none', 'a.ndjson')))[0]?.severity, 'error')
  assert.deepEqual(await checkTargetFile('-'), [])
})
