import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { sourceStack } from './source-stack.ts'

test('a stack of the built program names its sources', () => {
  const folder = mkdtempSync(join(tmpdir(), 'indexferry-stack-'))
  try {
    const file = join(folder, 'copy.cjs')
    // The second line of the bundle is the third one of the source.
    const map = { version: 3, sources: ['../../src/engine/copy.ts'], names: [], mappings: ';AAEA' }
    writeFileSync(`${file}.map`, JSON.stringify(map))
    const error = new Error('broken')
    error.stack = [
      'Error: broken',
      `    at copy (${file}:2:1)`,
      `    at ${pathToFileURL(file).href}:2:1`,
      `    at ${join(folder, 'without-a-map.cjs')}:2:1`,
      '    at node:internal/timers:5:1',
    ].join('\n')
    const [, ...lines] = sourceStack(error).split('\n')
    assert.deepEqual(
      lines.map((line) => line.trim()),
      [
        'at copy (src/engine/copy.ts:3:1)',
        'at src/engine/copy.ts:3:1',
        `at ${join(folder, 'without-a-map.cjs')}:2:1`,
        'at node:internal/timers:5:1',
      ],
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
