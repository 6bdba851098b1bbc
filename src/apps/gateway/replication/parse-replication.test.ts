// What the replication calls take and refuse. Messages are those of OpenSearch's plugin (3.8; its own tests look for them).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { JsonObject } from '../../../model/json.ts'
import { locateJson } from '../reindex/located-json.ts'
import { RefusedCall } from '../reindex/refused-call.ts'
import { complainOfName, complainOfPattern } from './names.ts'
import { parseNewRule, parseRemovedRule } from './parse-autofollow.ts'
import { parseBulk } from './parse-bulk.ts'
import { parsePause, parseResume, parseStart, parseStop, parseUpdate } from './parse-replication.ts'
import type { ReadBody } from './read-body.ts'

function bodyOf(value: JsonObject | string): ReadBody {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const root = locateJson(text)
  assert.ok(root)
  return { text, root }
}

function refused(work: () => unknown): { status: number; type: string; reason: string } {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof RefusedCall, String(error))
    const { type, reason } = error.exception
    return { status: error.status, type, reason }
  }
  throw new Error('it was taken')
}

const invalid = (reason: string) => ({
  status: 400,
  type: 'action_request_validation_exception',
  reason: `Validation Failed: ${reason}`,
})

const start = (body: JsonObject | string, follower = 'follower-01') => parseStart(bodyOf(body), follower)
const plain = { leader_alias: 'connection-alias', leader_index: 'leader-01' }

describe('start', () => {
  test('the call of the document', () => {
    const roles = { leader_cluster_role: 'all_access', follower_cluster_role: 'all_access' }
    assert.deepEqual(start({ ...plain, use_roles: roles }), {
      follower: 'follower-01',
      connection: 'connection-alias',
      leaderIndex: 'leader-01',
      roles: { leader: 'all_access', follower: 'all_access' },
      settings: {},
      isAgain: false,
    })
  })

  test('without roles, with empty ones, with settings, and with our addition', () => {
    assert.equal(start(plain).roles, undefined)
    assert.equal(start({ ...plain, use_roles: {} }).roles, undefined)
    assert.equal(start({ ...plain, use_roles: true }).roles, undefined)
    const settings = { 'index.number_of_replicas': 3, index: { refresh_interval: '5s' } }
    assert.deepEqual(start({ ...plain, settings }).settings, settings)
    assert.equal(start({ ...plain, indexferry: { restart: true } }).isAgain, true)
  })

  const needRoles = '1: Need roles for leader_cluster_role and follower_cluster_role;'
  const refusals: [name: string, body: JsonObject, reason: string][] = [
    ['nothing', {}, '1: Mandatory params [leader_alias, leader_index] are missing for the request;'],
    ['no index', { leader_alias: 'a' }, '1: Mandatory params [leader_index] are missing for the request;'],
    ['one role', { ...plain, use_roles: { leader_cluster_role: 'a' } }, needRoles],
    [
      'a role that is null',
      { ...plain, use_roles: { leader_cluster_role: null, follower_cluster_role: 'b' } },
      needRoles,
    ],
    ['an upper-case leader', { ...plain, leader_index: 'leaderIndex' }, '1: Value leaderIndex must be lowercase;'],
  ]
  for (const [name, body, reason] of refusals) {
    test(`refused: ${name}`, () =>
      assert.deepEqual(
        refused(() => start(body)),
        invalid(reason),
      ))
  }

  test('refused: a follower with a wrong name, all complaints together', () => {
    assert.deepEqual(
      refused(() => start({ ...plain, leader_index: '_a' }, 'Follower')),
      invalid("1: Value _a must not start with '_' or '-' or '+';2: Value Follower must be lowercase;"),
    )
  })

  test('refused: unknown fields and wrong kinds, with their place', () => {
    const parse = (reason: string) => ({ status: 400, type: 'x_content_parse_exception', reason })
    assert.deepEqual(
      refused(() => start('{"setings":{}}')),
      parse('[1:2] [FollowIndexRequestParser] unknown field [setings] did you mean [settings]?'),
    )
    assert.deepEqual(
      refused(() => start('{"leader_alias":5}')),
      parse("[1:17] [FollowIndexRequestParser] leader_alias doesn't support values of type: VALUE_NUMBER"),
    )
    const inner = refused(() => start('{"use_roles":{"x":"y"}}'))
    assert.match(inner.reason, /\[FollowIndexRequestParser\] failed to parse field \[use_roles\]/)
    assert.match(refused(() => start('[]')).reason, /Expected START_OBJECT but was: START_ARRAY/)
    assert.match(refused(() => start('{"indexferry":{"again":true}}')).reason, /failed to parse field \[indexferry\]/)
  })
})

describe('names', () => {
  const long = 'index_'.repeat(43)
  const characters = 'must not contain the following characters [ , ", *, \\, <, |, ,, >, /, ?]'
  const wrong: [name: string, complaint: string][] = [
    ['followerIndex', 'Value followerIndex must be lowercase'],
    ['test*', `Value test* ${characters}`],
    ['te st', `Value te st ${characters}`],
    ['test#', "Value test# must not contain '#' or ':'"],
    ['test:', "Value test: must not contain '#' or ':'"],
    ['.', "Value . must not be '.' or '..'"],
    ['..', "Value .. must not be '.' or '..'"],
    ['_leader', "Value _leader must not start with '_' or '-' or '+'"],
    ['-leader', "Value -leader must not start with '_' or '-' or '+'"],
    ['+leader', "Value +leader must not start with '_' or '-' or '+'"],
    [long, `Value ${long} must not be longer than 255 bytes`],
    ['.leader', "Value .leader must not start with '.'"],
  ]
  for (const [name, complaint] of wrong) {
    test(`refused: ${name.slice(0, 20)}`, () => assert.ok(complainOfName(name).includes(complaint)))
  }
  test('good ones', () => {
    for (const name of ['leader-01', 'a_b', 'größe', 'x'.repeat(255)]) assert.deepEqual(complainOfName(name), [])
  })

  const wrongPatterns: [pattern: string, complaint: string][] = [
    ['testPattern,', `Autofollow pattern: testPattern, ${characters}`],
    ['testPat?', `Autofollow pattern: testPat? ${characters}`],
    ['test#', "Autofollow pattern: test# must not contain '#' or ':'"],
    ['test:', "Autofollow pattern: test: must not contain '#' or ':'"],
    ['_test', "Autofollow pattern: _test must not start with '_' or '-'"],
    ['-leader', "Autofollow pattern: -leader must not start with '_' or '-'"],
    ['', 'Autofollow pattern:  must not be empty'],
  ]
  for (const [pattern, complaint] of wrongPatterns) {
    test(`refused as a pattern: ${pattern}`, () => assert.ok(complainOfPattern(pattern).includes(complaint)))
  }
  test('good patterns', () => {
    for (const pattern of ['test-leader', 'test*', 'leader_test', 'Leader_Test-*', '*'])
      assert.deepEqual(complainOfPattern(pattern), [])
  })
})

test('pause, resume and stop take no body, an empty one, and what they know', () => {
  assert.equal(parsePause(undefined), 'User initiated')
  assert.equal(parsePause(bodyOf({})), 'User initiated')
  assert.equal(parsePause(bodyOf({ reason: 'I want to pause!' })), 'I want to pause!')
  assert.equal(parseResume(undefined), false)
  assert.equal(parseResume(bodyOf({ force_resume: true })), true)
  parseStop(undefined)
  parseStop(bodyOf({}))
  assert.match(refused(() => parseStop(bodyOf({ reason: 'x' }))).reason, /unknown field \[reason\]/)
  assert.match(refused(() => parsePause(bodyOf({ reason: 5 }))).reason, /doesn't support values of type: VALUE_NUMBER/)
})

test('an update takes settings, wrapped or bare', () => {
  const settings = { index: { number_of_replicas: 0 } }
  assert.deepEqual(parseUpdate(bodyOf({ settings })), settings)
  assert.deepEqual(parseUpdate(bodyOf(settings)), settings)
  assert.deepEqual(parseUpdate(bodyOf({})), {})
  assert.equal(refused(() => parseUpdate(bodyOf('[]'))).type, 'parse_exception')
})

describe('rules', () => {
  const rule = { leader_alias: 'connection-alias', name: 'rule-name', pattern: 'books*' }

  test('the call of the document, and all that there is', () => {
    assert.deepEqual(parseNewRule(bodyOf(rule)), {
      isReplacing: false,
      rule: {
        name: 'rule-name',
        connection: 'connection-alias',
        pattern: 'books*',
        excluded: [],
        roles: undefined,
        settings: {},
        followerPattern: undefined,
      },
    })
    const all = parseNewRule(
      bodyOf({
        ...rule,
        follower_index_pattern: '{{leader_index}}-copy',
        settings: { 'index.number_of_replicas': 0 },
        use_roles: { leader_cluster_role: 'l', follower_cluster_role: 'f' },
        indexferry: { exclude: ['books-old*', 'books-x'], replace: true },
      }),
    )
    assert.equal(all.isReplacing, true)
    assert.deepEqual(all.rule.excluded, ['books-old*', 'books-x'])
    assert.equal(all.rule.followerPattern, '{{leader_index}}-copy')
    assert.deepEqual(all.rule.roles, { leader: 'l', follower: 'f' })
    assert.deepEqual(parseRemovedRule(bodyOf({ leader_alias: 'c', name: 'r' })), { connection: 'c', name: 'r' })
  })

  const added: [name: string, body: JsonObject, reason: string][] = [
    ['no name', { leader_alias: 'a', pattern: 'x' }, '1: Missing connection or name in the request;'],
    ['no pattern', { leader_alias: 'a', name: 'x' }, '1: Missing pattern;'],
    ['an upper-case name', { ...rule, name: 'testPattern' }, '1: Value testPattern must be lowercase;'],
    [
      'a follower pattern without its place',
      { ...rule, follower_index_pattern: 'static' },
      '1: follower_index_pattern must contain the {{leader_index}} placeholder;',
    ],
    [
      'a follower pattern that makes no names',
      { ...rule, follower_index_pattern: '_{{leader_index}}' },
      "1: Value _sample must not start with '_' or '-' or '+';",
    ],
  ]
  for (const [name, body, reason] of added) {
    test(`refused: ${name}`, () =>
      assert.deepEqual(
        refused(() => parseNewRule(bodyOf(body))),
        invalid(reason),
      ))
  }

  test('refused: what a removal does not take', () => {
    assert.deepEqual(
      refused(() => parseRemovedRule(bodyOf(rule))),
      invalid('1: Unexpected pattern;'),
    )
    const missing = invalid('1: Missing connection or name in the request;')
    assert.deepEqual(
      refused(() => parseRemovedRule(bodyOf({}))),
      missing,
    )
  })

  test('refused: an exclusion that is no pattern', () => {
    const wrong = refused(() => parseNewRule(bodyOf({ ...rule, indexferry: { exclude: ['a,b'] } })))
    assert.match(wrong.reason, /failed to parse field \[indexferry\]/)
  })
})

describe('bulk', () => {
  test('what is taken', () => {
    const body = { pattern: 'logs-*', leader_alias: 'c', filters: { exclude_index: ['logs-1'] } }
    const expected = { operation: 'start', pattern: 'logs-*', excluded: ['logs-1'], connection: 'c', roles: undefined }
    assert.deepEqual(parseBulk(bodyOf(body), 'start'), expected)
    assert.equal(parseBulk(bodyOf(body), 'stop').connection, undefined)
  })

  const refusals: [name: string, body: JsonObject, reason: string][] = [
    ['no connection', { pattern: 'a*' }, '1: leader_alias is required for bulk start;'],
    ['no pattern', { leader_alias: 'a' }, '1: pattern is required;'],
    ['a wrong pattern', { pattern: '_x', leader_alias: 'a' }, '1: pattern contains invalid characters: _x;'],
    ['two patterns', { pattern: 'a,b', leader_alias: 'a' }, '1: pattern contains invalid characters: a,b;'],
  ]
  for (const [name, body, reason] of refusals) {
    test(`refused: ${name}`, () =>
      assert.deepEqual(
        refused(() => parseBulk(bodyOf(body), 'start')),
        invalid(reason),
      ))
  }

  test('refused: a filter that would have no effect', () => {
    const wrong = refused(() => parseBulk(bodyOf({ pattern: 'a*', filters: { exclude: ['a1'] } }), 'stop'))
    assert.match(wrong.reason, /failed to parse field \[filters\]/)
  })
})
