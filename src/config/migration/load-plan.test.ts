// What a plan file comes to: places beside it, defaults, and the corrections of older words.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadPlan } from './load-plan.ts'

const side = (location: string) => ({
  cluster: 'http://127.0.0.1:9200',
  repository: { name: 'r', type: 'fs', settings: { location: '/srv/repository' } },
  store: { location },
})

function load(plan: object) {
  const folder = mkdtempSync(join(tmpdir(), 'indexferry-plan-'))
  try {
    const file = join(folder, 'plan.yaml')
    writeFileSync(file, JSON.stringify({ name: 'x', indices: 'movies', ...plan }))
    return { folder, ...loadPlan(file, {}) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('a relative folder is one beside the plan, wherever the command is called', () => {
  const { plan, folder } = load({ source: side('./moved/here'), target: side('file:///srv/moved') })
  assert.deepEqual(plan.source.store?.location, { kind: 'folder', path: join(folder, 'moved/here'), prefix: '' })
  assert.deepEqual(plan.target.store?.location, { kind: 'folder', path: '/srv/moved', prefix: '' })
})

test('what is left out has its default, and "indexes" is read as "indices"', () => {
  const { plan, warnings } = load({
    indices: undefined,
    indexes: 'films',
    source: side('s3://bucket/snap'),
    target: side('/x'),
  })
  assert.equal(plan.indices, 'films')
  assert.deepEqual(warnings, ['"indexes" is read as "indices"'])
  assert.deepEqual(plan.cycles, { everyMs: undefined, untilShorterThanMs: undefined, most: 100 })
  assert.equal(plan.source.store?.location.kind, 's3')
})

test('a place that is none is refused with its line', () => {
  assert.throws(() => load({ source: side('ftp://x'), target: side('/x') }), {
    code: 'CONFIG_INVALID',
    message: /source\.store\.location has a value that is not a place such as s3:\/\//,
  })
})
