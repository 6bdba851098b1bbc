// Sizes, names and leftovers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ProjectFile, programFiles, projectFiles } from './project-files.ts'

const expectNone = (broken: readonly string[]): void => assert.deepEqual(broken, [])

/** The rules themselves have to spell out what they forbid. */
const isRule = (file: ProjectFile): boolean => file.path.startsWith('test/tidy/')

/** `file:line: text` of every line that matches. */
const linesWith = (files: readonly ProjectFile[], pattern: RegExp, part: 'text' | 'code' = 'text'): string[] =>
  files
    .filter((file) => !isRule(file))
    .flatMap((file) =>
      file[part]
        .split('\n')
        .flatMap((line, row) => (pattern.test(line) ? [`${file.path}:${row + 1}: ${line.trim()}`] : [])),
    )

test('files are short: 400 lines, tests 600', () => {
  expectNone(
    projectFiles
      .filter((file) => file.lines > (file.isTest ? 600 : 400))
      .map((file) => `${file.path} has ${file.lines} lines`),
  )
})

test('a folder holds what can be overlooked: 50 files of the program', () => {
  const counts = new Map<string, number>()
  for (const { path } of programFiles) {
    const folder = path.replace(/\/[^/]*$/, '')
    counts.set(folder, (counts.get(folder) ?? 0) + 1)
  }
  expectNone([...counts].filter(([, count]) => count > 50).map(([folder, count]) => `${folder} holds ${count} files`))
})

test('files are named for what they hold, in kebab-case', () => {
  const banned =
    /(?:^|[-.])(?:utils?|helpers?|managers?|handlers?|services?|processors?|common|misc|impl|index)(?:[-.]|$)/
  // "index" is a noun of ours when it is a part of a name; alone it would be a barrel.
  const isBanned = (name: string) => banned.test(name.replace(/\bindex(?=-)|(?<=-)index(?=[.-])/, 'x'))
  expectNone(
    projectFiles
      .filter((file) => isBanned(file.name) || !/^[a-z0-9]+(?:[-.][a-z0-9]+)*$/.test(file.name))
      .map((file) => file.path),
  )
})

test('no default exports and no barrels', () => {
  expectNone(
    linesWith(projectFiles, /^export default\b|^export (?:type )?\* from|^export (?:type )?\{[^}]*\} from/, 'code'),
  )
})

test('no `any`', () => {
  expectNone(
    linesWith(
      projectFiles.filter((file) => file.path.endsWith('.ts')),
      /[:<(|]\s*any\b(?![\w-])\s*(?:[,;)>=|[]|$)|\bas any\b/,
      'code',
    ),
  )
})

test('nothing is left for later', () => {
  expectNone(linesWith(projectFiles, /\b(?:TODO|FIXME|HACK)\b/))
})

test('no paths of one machine', () => {
  expectNone(linesWith(projectFiles, /(?<![\w.$}\])*-])\/(?:work|root|tmp|mnt|Users\/(?!ann))\//))
})

test('no test runs alone, and none is skipped without a reason', () => {
  const tests = projectFiles.filter((file) => file.isTest)
  expectNone(linesWith(tests, /\b(?:test|it|describe|suite)\.(?:only|todo)\(|\bonly:\s*true/))
  expectNone(linesWith(tests, /\b(?:test|it|describe|suite)\.skip\(|\bskip:\s*true|\.skip\(\)/))
})

test('checks are not switched off without a reason', () => {
  expectNone(linesWith(projectFiles, /@ts-(?:ignore|nocheck)|@ts-expect-error\s*$/))
  expectNone(linesWith(projectFiles, /biome-ignore [^:]*(?::\s*(?:<explanation>)?\s*)?$/))
})
