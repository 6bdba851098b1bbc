import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, test } from 'node:test'
import { IndexferryError } from '../foundation/errors.ts'
import { openCatalog } from './catalog.ts'
import { CatalogDatabase } from './catalog-database.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'indexferry-catalog-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const unusable = (call: () => unknown): string => {
  try {
    call()
  } catch (error) {
    assert.ok(error instanceof IndexferryError)
    assert.equal(error.code, 'STATE_UNUSABLE')
    return error.message
  }
  return assert.fail('it throws')
}

const fill = () => {
  using catalog = openCatalog(folder)
  for (let number = 0; number < 200; number++)
    catalog.claimCopy({ key: `k${number}`, command: 'c'.repeat(300), source: 's', target: 't' }).release('paused')
}

test('the folder and those above it are made, for the user alone', () => {
  const deep = join(folder, 'a', 'b')
  openCatalog(deep).close()
  if (process.platform !== 'win32') assert.equal(statSync(deep).mode & 0o777, 0o700)
})

test('a file in the place of the folder', () => {
  writeFileSync(join(folder, 'file'), '')
  assert.match(
    unusable(() => openCatalog(join(folder, 'file'))),
    /a file is in the place of the folder/,
  )
  assert.match(
    unusable(() => openCatalog(join(folder, 'file', 'below'))),
    /a part of its path is a file/,
  )
})

test('a catalog of a newer program', () => {
  fill()
  const database = new DatabaseSync(join(folder, 'catalog.db'))
  database.exec('PRAGMA user_version = 99')
  database.close()
  assert.match(
    unusable(() => openCatalog(folder)),
    /newer indexferry \(its form is 99/,
  )
})

test("another program's database", () => {
  const database = new DatabaseSync(join(folder, 'catalog.db'))
  database.exec('CREATE TABLE notes (text TEXT)')
  database.close()
  assert.match(
    unusable(() => openCatalog(folder)),
    /is not a catalog of indexferry/,
  )
})

test('a file that is no database', () => {
  writeFileSync(join(folder, 'catalog.db'), 'not a database at all, but long enough to be looked at'.repeat(20))
  assert.match(
    unusable(() => openCatalog(folder)),
    /is damaged or is not a catalog/,
  )
})

test('a damaged file is found when it is opened', () => {
  fill()
  const file = openSync(join(folder, 'catalog.db'), 'r+')
  writeSync(file, Buffer.alloc(8192, 0xa5), 0, 8192, 8192)
  closeSync(file)
  assert.match(
    unusable(() => openCatalog(folder)),
    /is damaged/,
  )
  truncateSync(join(folder, 'catalog.db'), 5000)
  assert.match(
    unusable(() => openCatalog(folder)),
    /is damaged/,
  )
})

test('a full disk is told as such and the earlier state stays', () => {
  fill()
  const database = CatalogDatabase.open(folder)
  database.run('PRAGMA max_page_count = 1')
  const insert =
    "INSERT INTO copies (id, key, command, source, target, state, created, updated) VALUES (?, 'k', ?, '', '', 'planned', 0, 0)"
  const message = unusable(() =>
    database.transaction('full', () => {
      for (let number = 0; number < 1000; number++) database.run(insert, `x${number}`, 'c'.repeat(10_000))
    }),
  )
  assert.match(message, /the disk is full/)
  assert.equal(database.get("SELECT count(*) AS copies FROM copies WHERE id LIKE 'x%'")?.copies, 0)
  database.close()
})

test('a database that cannot be written', () => {
  fill()
  const database = CatalogDatabase.open(folder)
  database.run('PRAGMA query_only = 1')
  assert.match(
    unusable(() => database.run("UPDATE copies SET state = 'paused'")),
    /cannot be written/,
  )
  database.close()
})

test('several processes that open a new catalog at once all get it', () => {
  const script = `
    import { openCatalog } from ${JSON.stringify(new URL('./catalog.ts', import.meta.url).href)}
    openCatalog(process.argv[1]).close()`
  const starter = `
    const { spawn } = require('node:child_process')
    const children = Array.from({ length: 4 }, () => spawn(process.execPath, ['--input-type=module', '-e', ${JSON.stringify(script)}, process.argv[1]], { stdio: 'inherit' }))
    for (const child of children) child.on('exit', (code) => { if (code) process.exitCode = 1 })`
  const run = spawnSync(process.execPath, ['-e', starter, folder], { encoding: 'utf8' })
  assert.equal(run.status, 0, run.stderr)
  // Nor does any of them print the warning that node:sqlite is experimental.
  assert.equal(run.stderr, '')
})
