// What a run comes to when something around it fails.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseOptionValues } from '../config/parse-options.ts'
import { parseLocation } from '../model/location.ts'
import { openCatalog } from './catalog.ts'
import { startCopy } from './start-copy.ts'

test('a watcher that fails unforeseen ends the copy, which notes why', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'indexferry-start-copy-'))
  try {
    const [source, target] = [join(folder, 'from.ndjson'), join(folder, 'to.ndjson')]
    await writeFile(source, '{"_index":"i","_id":"1","_source":{"a":1}}\n')
    const copying = startCopy({
      source: parseLocation(source, 'SOURCE'),
      target: parseLocation(target, 'TARGET'),
      // Nobody listens there, which is told.
      values: parseOptionValues('copy', { throttleCheck: 'http://127.0.0.1:1/' }, {}),
      command: 'copy',
      stateFolder: folder,
      note: () => {
        throw new Error('nobody can be told')
      },
      stop: new AbortController().signal,
      onStart: () => {},
    })
    await assert.rejects(copying, /nobody can be told/)
    using catalog = openCatalog(folder)
    const [copy] = catalog.listCopies()
    assert.equal(copy?.state, 'failed')
    assert.equal(copy?.isRunning, false)
    assert.match(JSON.stringify(copy?.error), /INTERNAL.*nobody can be told/)
  } finally {
    await rm(folder, { recursive: true })
  }
})
