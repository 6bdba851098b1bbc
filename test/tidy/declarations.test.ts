// What is declared once is used, and what follows from it is up to date.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { generatedPages } from '../../scripts/generated-pages.ts'
import { allOptions } from '../../src/config/gather-options.ts'
import { errorCodes } from '../../src/foundation/error-codes.ts'
import { exitCodes } from '../../src/foundation/error-definition.ts'
import { programFiles, root } from './project-files.ts'

const program = programFiles.filter(({ path }) => !/^src\/foundation\/[a-z]+-(codes|errors)\.ts$/.test(path))

test('the generated pages are fresh', () => {
  for (const [name, text] of Object.entries(generatedPages())) {
    const path = join(root, name)
    assert.ok(existsSync(path) && readFileSync(path, 'utf8') === text, `${name} is stale; run scripts/generate-docs.ts`)
  }
})

test('every error code is used', () => {
  const unused = Object.keys(errorCodes).filter((code) => !program.some((file) => file.code.includes(`'${code}'`)))
  assert.deepEqual(unused, [])
})

test('every exit code is that of an error or of a side', () => {
  const used = new Set<string>(Object.values(errorCodes).map((definition) => definition.exit))
  const bySide = ['done', 'source', 'target', 'file']
  assert.deepEqual(
    Object.keys(exitCodes).filter((name) => !used.has(name) && !bySide.includes(name)),
    [],
  )
  assert.equal(new Set(Object.values(exitCodes)).size, Object.values(exitCodes).length)
})

test('every option that a message or a help names is there', () => {
  const known = new Set(
    allOptions.flatMap(({ name, option }) => [
      name,
      ...(option.given === 'secretly' ? [name.replace(/-file$/, '')] : []),
    ]),
  )
  // Those of the command line parser itself.
  for (const name of ['help', 'version']) known.add(name)
  const named = programFiles.flatMap((file) =>
    [...file.code.matchAll(/(?<=[\s'"`])--([a-z][a-z0-9]*(?:-[a-z0-9]+)*)(?![\w…-])/g)].map((match) => [
      match[1] as string,
      file.path,
    ]),
  )
  assert.deepEqual(
    named.filter(([name]) => !known.has(name as string)).map(([name, path]) => `${path} names --${name}`),
    [],
  )
})

test('every environment variable that the program names is one of an option', () => {
  const known = new Set(allOptions.flatMap(({ env, takes }) => (takes === 'secretFile' ? [env, `${env}_FILE`] : [env])))
  const named = programFiles.flatMap((file) =>
    [...file.text.matchAll(/\bINDEXFERRY_[A-Z0-9_]*[A-Z0-9]\b/g)].map((match) => [match[0], file.path]),
  )
  assert.deepEqual(
    named.filter(([name]) => !known.has(name as string)).map(([name, path]) => `${path} names ${name}`),
    [],
  )
})

test('every option has its value read somewhere', () => {
  const readers = program.filter((file) => !file.path.endsWith('/options.ts') && !file.path.startsWith('src/config/'))
  const unread = allOptions
    .filter(({ key }) => !readers.some((file) => new RegExp(`\\b${key}\\b`).test(file.code)))
    .map(({ name }) => `--${name}`)
  assert.deepEqual(unread, [])
})
