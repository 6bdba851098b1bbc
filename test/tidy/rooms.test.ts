// The rooms import each other as src/rooms.ts says, and the few things that only one place may do are done only there.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Room, rooms } from '../../src/rooms.ts'
import { importsOf, type ProjectFile, programFiles, resolveImport } from './project-files.ts'

const table: readonly Room[] = rooms
const roomOf = (path: string): string | undefined => /^src\/([^/]+)\//.exec(path)?.[1]

/** What breaks a rule, one line each; the test fails with all of them. */
const expectNone = (broken: readonly string[]): void => assert.deepEqual(broken, [])

/** Files outside `allowed` whose code matches. */
const filesWith = (pattern: RegExp, allowed: (file: ProjectFile) => boolean): string[] =>
  programFiles.filter((file) => !allowed(file) && pattern.test(file.code)).map((file) => file.path)

test('the table allows only rooms above, so that there is no circle', () => {
  const above = new Set<string>()
  const broken: string[] = []
  for (const room of table) {
    for (const allowed of room.mayImport) {
      if (!above.has(allowed.split('/')[0] as string))
        broken.push(`${room.name} may import ${allowed}, which is not above it`)
    }
    above.add(room.name)
  }
  expectNone(broken)
})

test('every folder of src is a room', () => {
  const names = new Set(table.map((room) => room.name))
  const folders = new Set(programFiles.map((file) => roomOf(file.path)).filter((name) => name !== undefined))
  expectNone([...folders].filter((name) => !names.has(name)))
})

test('a room imports only what the table lists', () => {
  const broken: string[] = []
  for (const file of programFiles) {
    const room = table.find(({ name }) => name === roomOf(file.path))
    if (!room) continue
    for (const specifier of importsOf(file)) {
      const path = resolveImport(file, specifier)?.replace(/^src\//, '')
      if (path === undefined || path.startsWith(`${room.name}/`)) continue
      const allowed = room.mayImport.some((entry) => path === entry || path.startsWith(`${entry}/`))
      if (!allowed) broken.push(`${file.path} imports ${path}`)
    }
  }
  expectNone(broken)
})

test('source and target never know each other', () => {
  for (const [name, other] of [
    ['source', 'target'],
    ['target', 'source'],
  ]) {
    const room = table.find((entry) => entry.name === name)
    assert.ok(room && !room.mayImport.some((entry) => entry.startsWith(`${other}`)))
  }
})

test('the program never imports from tests, scripts or the demo', () => {
  expectNone(
    programFiles.flatMap((file) =>
      importsOf(file)
        .map((specifier) => resolveImport(file, specifier))
        .filter((path) => path !== undefined && (!path.startsWith('src/') || /\.test\.ts$/.test(path)))
        .map((path) => `${file.path} imports ${path}`),
    ),
  )
})

test('no file imports itself through others', () => {
  // Types are erased and may go in circles; what is left at run time may not, or the order of loading decides what is defined.
  const runtime = (file: ProjectFile) =>
    [...file.code.matchAll(/^(?:import|export)\s+(?!type\b)[^'"]*?from\s+'(\.[^']+)'/gm)].map(
      (match) => resolveImport(file, match[1] as string) as string,
    )
  const edges = new Map(programFiles.map((file) => [file.path, runtime(file)]))
  const finished = new Set<string>()
  const circles: string[] = []
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(' → '))
    if (way.includes(path) || finished.has(path)) return
    for (const next of edges.get(path) ?? []) visit(next, [...way, path])
    finished.add(path)
  }
  for (const path of edges.keys()) visit(path, [])
  expectNone(circles)
})

test('only cluster speaks HTTP', () => {
  expectNone(
    filesWith(
      /from 'undici'|\bawait fetch\(|globalThis\.fetch|from 'node:https?'.*\brequest\b/,
      (file) => roomOf(file.path) === 'cluster',
    ),
  )
})

test('only the catalog and the journal of moves open SQLite', () => {
  const isAllowed = ({ path }: ProjectFile) =>
    ['src/foundation/load-sqlite.ts', 'src/objectstore/move-journal.ts'].includes(path) ||
    path.startsWith('src/engine/catalog')
  expectNone(filesWith(/node:sqlite|\bloadSqlite\b/, isAllowed))
})

test('only the doors read arguments and the environment, and print', () => {
  const pattern = /\bprocess\.(?:argv|env|stdout|stderr|exit)\b|\bconsole\./
  // `copy … -` writes documents to standard output; that is the one stream which is no printing.
  const isDocuments = (file: ProjectFile) => file.path === 'src/target/ndjson-target.ts'
  expectNone(filesWith(pattern, (file) => roomOf(file.path) === 'apps' || isDocuments(file)))
})

test('time and chance come from the clock', () => {
  const pattern = /\bDate\.now\(|\bMath\.random\(|\bnew Date\(\)|\bperformance\.now\(/
  expectNone(filesWith(pattern, (file) => file.path === 'src/foundation/clock.ts'))
})

test('errors are IndexferryErrors', () => {
  expectNone(
    filesWith(/\bthrow new (?:Error|TypeError|RangeError)\(/, (file) => file.path === 'src/foundation/assert.ts'),
  )
})
