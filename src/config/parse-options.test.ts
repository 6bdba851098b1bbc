import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { IndexferryError, redact } from '../foundation/errors.ts'
import type { CommandName } from '../foundation/option.ts'
import { formatCommandLine } from './command-line-text.ts'
import { allOptions, commandOptions } from './gather-options.ts'
import { type Environment, parseOptionValues, type RawFlags, unknownOption } from './parse-options.ts'

const parse = (flags: RawFlags, env: Environment = {}, command: CommandName = 'copy') =>
  parseOptionValues(command, flags, env)

const refusal = (flags: RawFlags, env: Environment = {}, command: CommandName = 'copy'): IndexferryError => {
  try {
    parse(flags, env, command)
  } catch (error) {
    assert.ok(error instanceof IndexferryError)
    return error
  }
  return assert.fail('it is refused')
}

test('without flags every option has its default', () => {
  const values = parse({})
  assert.equal(values.source.readTimeout, 120_000)
  assert.equal(values.reading.readers, 3)
  assert.equal(values.writing.writers, undefined)
  assert.deepEqual(values.transform.rename, [])
  assert.equal(values.engine.json, false)
  assert.equal(values.verify.compare, 'bytes')
})

test('flags come as typed values, in kebab or camel case', () => {
  const values = parse({
    'source-read-timeout': '5m',
    targetUser: 'ann',
    'max-docs': '10k',
    rate: '5000,20mb',
    rename: ['a=b', 'logs-*=old-*'],
    json: true,
    'source-version': 'elasticsearch-6.8.23',
    types: 'split',
  })
  assert.equal(values.source.readTimeout, 300_000)
  assert.equal(values.target.user, 'ann')
  assert.equal(values.reading.maxDocs, 10_000)
  assert.deepEqual(values.pipeline.rate, { documentsPerSecond: 5000, bytesPerSecond: 20 * 1024 ** 2 })
  assert.deepEqual(values.transform.rename, [
    ['a', 'b'],
    ['logs-*', 'old-*'],
  ])
  assert.equal(values.engine.json, true)
  assert.equal(values.source.version?.major, 6)
  assert.equal(values.transform.types, 'split')
})

test('the environment stands in for flags, a flag goes first, an empty variable is none', () => {
  const env = { INDEXFERRY_RATE: '100', INDEXFERRY_JSON: 'yes', INDEXFERRY_RENAME: 'a=b\nc=d', INDEXFERRY_SHARDS: '' }
  const values = parse({ rate: '5' }, env)
  assert.equal(values.pipeline.rate?.documentsPerSecond, 5)
  assert.equal(values.engine.json, true)
  assert.equal(values.transform.rename.length, 2)
  assert.equal(values.transform.shards, undefined)
})

test('secrets come from the environment or from the first line of a file and are registered', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'indexferry-options-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'password')
  writeFileSync(file, 'from-the-file\n')
  assert.equal(parse({ 'source-password-file': file }).source.password, 'from-the-file')
  assert.equal(parse({}, { INDEXFERRY_TARGET_PASSWORD_FILE: file }).target.password, 'from-the-file')
  assert.equal(parse({}, { INDEXFERRY_SOURCE_API_KEY: 'from-the-environment' }).source.apiKey, 'from-the-environment')
  assert.equal(redact('from-the-file from-the-environment'), '*** ***')
  assert.equal(parse({ 'source-header': ['X-Token: header-token'] }).source.header[0]?.[1], 'header-token')
  assert.equal(redact('header-token'), '***')
  assert.equal(refusal({ 'source-password-file': join(folder, 'missing') }).code, 'CONFIG_INVALID')
  writeFileSync(file, '')
  assert.match(refusal({ 'source-password-file': file }).message, /is empty/)
})

test('a secret is refused as a flag, with the ways that are there', () => {
  for (const name of ['source-password', 'sourcePassword', 'target-api-key', 'source-key-passphrase']) {
    const error = refusal({ [name]: 'hunter2' })
    assert.match(error.message, /not taken on the command line/)
    assert.match(error.remedy, /INDEXFERRY_(SOURCE|TARGET)_\w+ or into a file named by --(source|target)-[\w-]+-file/)
    assert.doesNotMatch(error.message, /hunter2/)
  }
})

test('each wrong value names the option, what is wrong and how it is written', () => {
  for (const [flags, message] of [
    [{ 'body-bytes': '5 potatoes' }, /--body-bytes has a value "5 potatoes" that is not a size such as/],
    [{ 'source-read-timeout': '30' }, /--source-read-timeout .* a time with its unit/],
    [{ readers: '0' }, /--readers "0" must be between 1 and 64/],
    [{ progress: 'loud' }, /one of auto, bar, lines, none/],
    [{ query: '{broken' }, /--query .* a JSON object/],
    [{ query: '[]' }, /--query .* a JSON object/],
    [{ rename: ['a=b', 'nothing'] }, /--rename has a value "nothing" .* of the form PATTERN=NAME/],
    [{ rate: '5,6' }, /--rate .* a rate per second/],
    [{ rate: '0' }, /--rate .* a rate per second/],
    [{ state: '' }, /--state .* a text that is not empty/],
    [{ 'source-version': 'lucene-9' }, /a version such as elasticsearch-6.8.23/],
    [{ 'source-node': ['node2:9200'] }, /the URL of a node/],
    [{ 'body-bytes': '1kb' }, /must be between 16 KiB and 90 MiB/],
    [{ 'max-docs': ['1', '2'] }, /--max-docs is given 2 times/],
  ] as [RawFlags, RegExp][]) {
    const error = refusal(flags)
    assert.equal(error.code, 'USAGE')
    assert.match(error.message, message)
  }
  assert.match(refusal({}, { INDEXFERRY_READERS: 'many' }).message, /^INDEXFERRY_READERS has a value "many"/)
  assert.match(refusal({ rename: ['x'] }).remedy, /--rename 'logs-/)
  assert.doesNotMatch(refusal({ 'source-header': ['secret without colon'] }).message, /secret/)
})

test('an unknown option is answered with the nearest one', () => {
  for (const [typed, meant] of [
    ['sorce-user', 'source-user'],
    ['--max-dosc', 'max-docs'],
    ['keep-replica', 'keep-replicas'],
    ['reader', 'readers'],
    ['ca', 'source-ca'],
  ] as const)
    assert.equal(unknownOption('copy', typed).remedy, `Did you mean --${meant}?`)
  assert.match(unknownOption('copy', '--qqqqqqqq').remedy, /indexferry copy --help/)
  assert.match(unknownOption('copy', '--repair').remedy, /belongs to `indexferry verify`/)
  assert.equal(refusal({ repaire: true }, {}, 'verify').remedy, 'Did you mean --repair?')
})

test('names are unique within a command, and every option has a sentence of help', () => {
  for (const command of ['copy', 'assess', 'verify', 'status', 'throttle', 'pause', 'forget'] as const) {
    const options = commandOptions(command)
    assert.ok(options.length > 0)
    assert.equal(new Set(options.map((option) => option.name)).size, options.length)
    assert.equal(new Set(options.map((option) => option.env)).size, options.length)
    const letters = options.flatMap(({ option }) => option.short ?? [])
    assert.equal(new Set(letters).size, letters.length)
  }
  for (const { name, help, option } of allOptions) {
    assert.match(help, /^[A-Z].*\.$/, name)
    if (option.given === 'once' && option.default !== undefined && option.type.name !== 'flag')
      assert.equal(option.check?.(option.default), undefined, `the default of ${name} is allowed`)
  }
})

test('throttle takes what may change while a copy runs, and nothing else of a copy', () => {
  const names = commandOptions('throttle').map((option) => option.name)
  assert.deepEqual(names, [
    'rate',
    'source-load-max',
    'heap-max',
    'write-queue-max',
    'throttle-check',
    'state',
    'json',
    'quiet',
    'verbose',
  ])
})

test('a command line is shown without secrets and as a shell takes it', () => {
  assert.equal(
    formatCommandLine([
      'copy',
      'https://ann:pw12@a/logs-*',
      'http://b',
      '--source-header',
      'X: tok',
      '--target-header=Y: tok',
      '--query',
      '{"a":1}',
    ]),
    `indexferry copy 'https://***@a/logs-*' http://b --source-header '***' '--target-header=***' --query '{"a":1}'`,
  )
})
