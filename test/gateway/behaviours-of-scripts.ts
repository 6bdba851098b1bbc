// Scripts that change documents on the way.
import { type Behaviour, counted, created, put, stored } from './reindex-behaviour.ts'

const script = (source: string) => ({ script: { lang: 'painless', source } })

const nothingMade = [{ call: 'HEAD /DEST', status: 404 }]

export const scripts: Behaviour[] = [
  {
    what: 'every document is changed',
    rest: script('ctx._source.text = "other" + ctx._source.text'),
    expected: created(3),
    after: [stored('1', { n: 1, text: 'othertest' })],
  },
  {
    what: 'one document is changed, by its id',
    rest: script('if (ctx._id == "1") {  ctx._source.text = "other" }'),
    expected: created(3),
    after: [stored('2', { n: 2, text: 'junk' })],
  },
  {
    what: 'parameters',
    rest: { script: { source: 'ctx._source.add = params.add', params: { add: { a: [1, 2] } } } },
    expected: created(3),
    after: [stored('3', { n: 3, text: 'test', add: { a: [1, 2] } })],
  },
  {
    what: 'a routing is given',
    rest: script('ctx._routing = "r" + ctx._source.n'),
    expected: created(3),
    after: [
      { call: 'GET /DEST/_doc/1?routing=r1', expected: { _routing: 'r1' } },
      { call: 'GET /DEST/_doc/2?routing=r2', expected: { _routing: 'r2' } },
    ],
  },
  {
    what: 'the destination is an alias, as it has to be',
    before: [put('0', {}), { call: 'PUT /DEST/_alias/DEST-alias' }],
    remote: 'ours',
    query: 'require_alias=true',
    dest: { index: 'DEST-alias' },
    rest: script('ctx._source.text = "other"'),
    expected: created(3),
    after: [stored('1', { n: 1, text: 'other' })],
  },
  {
    what: 'the destination has to be an alias, and is none',
    // The servers do not look at it when they read from a remote.
    remote: 'ours',
    query: 'require_alias=true',
    rest: script('ctx._source.text = "other"'),
    status: 404,
    expected: { error: { type: 'index_not_found_exception', reason: /\[DEST\] is not an alias/ } },
    after: nothingMade,
  },
  {
    what: 'one document is left out',
    rest: script('if (ctx._source.n == 1) { ctx.op = "noop" }'),
    expected: { total: 3, created: 2, noops: 1, failures: [] },
    after: [counted(2)],
  },
  {
    what: 'all documents are left out: nothing is made',
    rest: script('ctx.op = "noop"'),
    expected: { total: 3, created: 0, updated: 0, noops: 3, failures: [] },
    after: nothingMade,
  },
  {
    what: 'no version forces an update',
    before: [put('1', { text: 'old' }, '&version=900&version_type=external')],
    dest: { version_type: 'external' },
    rest: script('ctx._source.text = "other"; ctx._version = null'),
    expected: { created: 2, updated: 1, noops: 0, version_conflicts: 0 },
    after: [stored('1', { n: 1, text: 'other' })],
  },
  {
    what: 'no id has one made',
    before: [put('1', { text: 'stays' })],
    rest: script('ctx._id = null'),
    expected: created(3),
    after: [counted(4), stored('1', { text: 'stays' })],
  },
  {
    what: 'another index',
    rest: script('if (ctx._source.n == 1) { ctx._index = "DEST-other" }'),
    expected: created(3),
    after: [counted(2), { call: 'GET /DEST-other/_count', expected: { count: 1 } }],
  },
  {
    what: 'documents are deleted, made and overwritten',
    before: [put('id_1', { text: 'old' }), put('id_2', { text: 'old' })],
    rest: script('ctx._id = "id_" + ctx._source.n; if (ctx._source.n == 2) { ctx.op = "delete" }'),
    expected: { created: 1, updated: 1, deleted: 1, noops: 0 },
    after: [
      { call: 'GET /DEST/_doc/id_1', expected: { _version: 2 } },
      { call: 'GET /DEST/_doc/id_2', status: 404, expected: { found: false } },
      { call: 'GET /DEST/_doc/id_3', expected: { _version: 1 } },
    ],
  },
  {
    what: 'a script that cannot be compiled',
    rest: script('syntax errors are fun!'),
    status: 400,
    expected: { error: { type: 'script_exception', reason: 'compile error' } },
    after: nothingMade,
  },
  {
    what: 'a script that fails',
    rest: script('throw new IllegalArgumentException("Cats!")'),
    status: 400,
    expected: { error: { reason: 'runtime error', caused_by: { reason: 'Cats!' } } },
    after: nothingMade,
  },
  {
    what: 'an op that there is none',
    rest: script('ctx.op = "junk"'),
    status: 400,
    expected: { error: { type: 'illegal_argument_exception', reason: /Operation type \[junk\] not allowed/ } },
    after: nothingMade,
  },
  {
    what: 'a field of its own in ctx',
    rest: script('ctx.junk = "junk"'),
    status: 400,
    expected: { error: { type: 'illegal_argument_exception', reason: /junk/ } },
    after: nothingMade,
  },
]
