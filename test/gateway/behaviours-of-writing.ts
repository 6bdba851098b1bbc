// What `_reindex` writes: new and old documents, conflicts, versions, routing, pipelines, joins.
import { type Behaviour, counted, created, found, put, stored } from './reindex-behaviour.ts'

const conflict = {
  index: 'DEST',
  id: '1',
  status: 409,
  cause: {
    type: 'version_conflict_engine_exception',
    reason: /^\[1\]: version conflict, document already exists \(current version \[1\]\)$/,
    index: 'DEST',
    shard: '0',
  },
}

export const counts: Behaviour[] = [
  {
    what: 'new documents are created',
    expected: { ...created(3), total: 3, batches: 1, retries: { bulk: 0, search: 0 }, task: undefined },
    after: [counted(3), stored('1', { n: 1, text: 'test' })],
  },
  {
    what: 'a document that is there is updated',
    before: [put('1', { text: 'old' })],
    expected: { created: 2, updated: 1, version_conflicts: 0, batches: 1, failures: [] },
    after: [stored('1', { n: 1, text: 'test' })],
  },
  { what: 'a document without fields', from: 'empty-document', expected: created(1), after: [stored('1', {})] },
  {
    what: 'no document: nothing is made',
    source: { query: { term: { n: 99 } } },
    expected: { ...created(0), total: 0, batches: 0 },
    after: [{ call: 'HEAD /DEST', status: 404 }],
  },
  {
    what: 'fields left out by name',
    from: 'filtered',
    source: { _source: { excludes: ['filtered'] } },
    expected: created(1),
    after: [stored('1', { text: 'test' })],
  },
  {
    what: 'fields taken by a pattern',
    from: 'filtered',
    source: { _source: ['fil*'] },
    expected: created(1),
    after: [stored('1', { filtered: 'removed' })],
  },
  {
    what: 'a call that nobody waits for',
    query: 'wait_for_completion=false',
    expected: { task: 'TASK', created: undefined, took: undefined, failures: undefined },
    after: [
      {
        call: 'GET /_tasks/TASK?wait_for_completion=true',
        expected: { completed: true, response: { ...created(3), batches: 1 }, error: undefined },
      },
      counted(3),
    ],
  },
  {
    what: 'a call that nobody waits for, which fails',
    query: 'wait_for_completion=false',
    before: [put('1', {})],
    source: { query: { term: { n: 1 } } },
    dest: { op_type: 'create' },
    expected: { task: 'TASK' },
    after: [
      {
        call: 'GET /_tasks/TASK?wait_for_completion=true',
        expected: { completed: true, response: { version_conflicts: 1, failures: [{ status: 409, id: '1' }] } },
      },
    ],
  },
  {
    what: 'a missing index',
    source: { index: 'SOURCE-missing' },
    status: 404,
    expected: { error: { type: 'index_not_found_exception', reason: 'no such index [SOURCE-missing]' } },
    remotely: { expected: { error: { type: 'status_exception', reason: /no such index/ } } },
    ownWords: true,
  },
  {
    what: 'a pattern that matches nothing',
    source: { index: 'SOURCE-missing*' },
    expected: { ...created(0), total: 0 },
  },
  { what: 'an index named twice', source: { index: ['SOURCE', 'SOURCE*'] }, expected: created(3) },
]

export const conflicts: Behaviour[] = [
  {
    what: 'a conflict ends it',
    before: [put('1', { text: 'old' })],
    source: { query: { term: { n: 1 } } },
    dest: { op_type: 'create' },
    status: 409,
    expected: { created: 0, updated: 0, version_conflicts: 1, batches: 1, failures: [conflict] },
    after: [stored('1', { text: 'old' })],
  },
  {
    what: 'conflicts are counted and passed over',
    before: [put('1', { text: 'old' })],
    dest: { op_type: 'create' },
    rest: { conflicts: 'proceed' },
    expected: { created: 2, updated: 0, version_conflicts: 1, batches: 1, failures: [] },
    after: [stored('1', { text: 'old' }), counted(3)],
  },
  {
    what: 'a document that is refused is told, with the others written',
    before: [{ call: 'PUT /DEST', body: { mappings: { properties: { n: { type: 'ip' } } } } }],
    status: 400,
    expected: {
      created: 0,
      failures: [{ status: 400, cause: { type: 'mapper_parsing_exception' } }, { status: 400 }, { status: 400 }],
    },
  },
]

export const versions: Behaviour[] = [
  {
    what: 'no version_type: what is there is overwritten',
    before: [put('1', { text: 'old' }, '&version=900&version_type=external')],
    expected: { created: 2, updated: 1, failures: [] },
    after: [{ call: 'GET /DEST/_doc/1', expected: { _version: 901, _source: { text: 'test' } } }],
  },
  {
    what: 'version_type internal overwrites as well',
    before: [put('1', { text: 'old' })],
    dest: { version_type: 'internal' },
    expected: { created: 2, updated: 1, failures: [] },
    after: [{ call: 'GET /DEST/_doc/1', expected: { _version: 2, _source: { text: 'test' } } }],
  },
  {
    what: 'version_type external takes the versions along, and a newer one wins',
    before: [put('1', { text: 'old' })],
    dest: { version_type: 'external' },
    expected: { created: 2, updated: 1, version_conflicts: 0 },
    after: [
      { call: 'GET /DEST/_doc/1', expected: { _version: 7, _source: { text: 'test' } } },
      { call: 'GET /DEST/_doc/2', expected: { _version: 1 } },
    ],
  },
  {
    what: 'version_type external: what is newer there stays',
    before: [put('1', { text: 'newer' }, '&version=8&version_type=external')],
    dest: { version_type: 'external' },
    rest: { conflicts: 'proceed' },
    expected: { created: 2, updated: 0, version_conflicts: 1, failures: [] },
    after: [stored('1', { text: 'newer' })],
  },
  {
    what: 'version_type external: the same version is a conflict',
    before: [put('1', { text: 'same' }, '&version=7&version_type=external')],
    source: { query: { term: { n: 1 } } },
    dest: { version_type: 'external' },
    status: 409,
    expected: {
      version_conflicts: 1,
      failures: [{ id: '1', cause: { reason: /current version \[7\] is higher or equal to the one provided \[7\]/ } }],
    },
  },
  {
    what: 'version_type external_gte: the same version is written again',
    before: [put('1', { text: 'same' }, '&version=7&version_type=external')],
    source: { query: { term: { n: 1 } } },
    dest: { version_type: 'external_gte' },
    expected: { updated: 1, version_conflicts: 0 },
    after: [stored('1', { n: 1, text: 'test' })],
  },
]

export const routing: Behaviour[] = [
  {
    what: 'routing is kept',
    from: 'routed',
    expected: created(1),
    after: [{ call: 'GET /DEST/_doc/1?routing=foo', expected: { _routing: 'foo' } }],
  },
  {
    what: 'routing is set for all',
    from: 'routed',
    dest: { routing: '=cat' },
    expected: created(1),
    after: [{ call: 'GET /DEST/_doc/1?routing=cat', expected: { _routing: 'cat' } }],
  },
  {
    what: 'routing is discarded',
    from: 'routed',
    dest: { routing: 'discard' },
    expected: created(1),
    after: [{ call: 'GET /DEST/_doc/1', expected: { _routing: undefined, found: true } }],
  },
  {
    what: 'children stay with their parents',
    from: 'joined',
    before: [
      {
        call: 'PUT /DEST',
        body: {
          settings: { number_of_shards: 2, number_of_replicas: 0 },
          mappings: { properties: { join: { type: 'join', relations: { parent: 'child', child: 'grandchild' } } } },
        },
      },
    ],
    expected: created(3),
    after: [
      found({ parent_id: { type: 'child', id: '1' } }, ['2']),
      found({ has_parent: { parent_type: 'child', query: { parent_id: { type: 'child', id: '1' } } } }, ['3']),
    ],
  },
]

export const placing: Behaviour[] = [
  {
    what: 'a pipeline changes documents',
    dest: { pipeline: 'behave-upper' },
    expected: created(3),
    after: [stored('1', { n: 1, text: 'TEST' })],
  },
  {
    what: 'a pipeline drops documents',
    dest: { pipeline: 'behave-drop' },
    expected: { total: 3, failures: [] },
  },
  {
    what: 'a pipeline that fails',
    source: { query: { term: { n: 1 } } },
    dest: { pipeline: 'behave-fail' },
    status: 500,
    expected: { created: 0, failures: [{ index: 'DEST', id: '1', status: 500 }] },
  },
  {
    what: 'a pipeline that is not there',
    dest: { pipeline: 'behave-missing' },
    status: 400,
    expected: {
      created: 0,
      failures: [{ cause: { reason: /pipeline with id \[behave-missing\] does not exist/ } }, {}, {}],
    },
  },
  {
    what: 'too few copies of the shard',
    query: 'timeout=200ms&wait_for_active_shards=4',
    before: [{ call: 'PUT /DEST', body: { settings: { number_of_replicas: 5 } } }],
    source: { query: { term: { n: 1 } } },
    status: 503,
    // The reason quotes the request, as each of the two has sent it.
    ownWords: true,
    expected: {
      failures: [
        {
          status: 503,
          cause: {
            reason: /Not enough active copies to meet shard count of \[4\] \(have 1, needed 4\)\. Timeout: \[200ms\]/,
          },
        },
      ],
    },
  },
  {
    what: 'enough copies',
    query: 'wait_for_active_shards=1',
    before: [{ call: 'PUT /DEST', body: { settings: { number_of_replicas: 5 } } }],
    expected: created(3),
  },
  {
    // From a remote the servers forget it and write; the gateway does not.
    what: 'the destination has to be an alias, and is none',
    remote: 'no',
    query: 'require_alias=true',
    before: [put('0', {})],
    source: { query: { term: { n: 1 } } },
    status: 404,
    expected: {
      error: {
        type: 'index_not_found_exception',
        reason: /\[require_alias\] request flag is \[true\] and \[DEST\] is not an alias/,
      },
    },
  },
  {
    what: 'an index that may not be made by itself',
    dest: { index: 'DEST-forbidden' },
    source: { query: { term: { n: 1 } } },
    status: 404,
    expected: { error: { type: 'index_not_found_exception', reason: /contains \[-\*-forbidden\] which forbids/ } },
    // The servers notice it with the first document, the gateway before.
    remotely: { expected: {} },
    ownWords: true,
  },
  {
    what: 'from an index to itself',
    dest: { index: 'SOURCE' },
    remote: 'no',
    status: 400,
    expected: {
      error: {
        type: 'action_request_validation_exception',
        reason: /reindex cannot write into an index its reading from/,
      },
    },
  },
]
