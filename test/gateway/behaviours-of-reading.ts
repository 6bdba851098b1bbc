// What `_reindex` reads: queries, sorting, limits, slices, throttling, remotes that cannot be read.
import { type Behaviour, counted, created, found, stored } from './reindex-behaviour.ts'

const taskEnded = (response: object) => ({
  call: 'GET /_tasks/TASK?wait_for_completion=true',
  expected: { completed: true, response, error: undefined },
})

const rethrottled = (rate: string) => ({ call: `POST /_reindex/TASK/_rethrottle?requests_per_second=${rate}` })

export const selection: Behaviour[] = [
  {
    what: 'a query',
    source: { query: { match: { text: 'junk' } } },
    expected: created(1),
    after: [found({ match_all: {} }, ['2'])],
  },
  {
    what: 'max_docs with an order',
    source: { sort: [{ n: 'desc' }] },
    rest: { max_docs: 1 },
    expected: { ...created(1), total: 1 },
    after: [found({ match_all: {} }, ['3'])],
  },
  {
    what: 'size at the top is max_docs',
    source: { sort: { n: 'asc' } },
    rest: { size: 1 },
    expected: { ...created(1), total: 1 },
    after: [found({ match_all: {} }, ['1'])],
  },
  { what: 'max_docs in the URL', query: 'max_docs=2', expected: { ...created(2), total: 2 }, after: [counted(2)] },
  { what: 'max_docs beyond what is there', rest: { max_docs: 100 }, expected: { ...created(3), total: 3 } },
  { what: 'small pages', source: { size: 1 }, expected: { ...created(3), batches: 3 } },
  { what: 'pages larger than the index', source: { size: 1000 }, expected: { ...created(3), batches: 1 } },
  {
    what: 'pages smaller than max_docs',
    source: { size: 2 },
    rest: { max_docs: 3 },
    expected: { ...created(3), batches: 2 },
  },
  {
    what: 'a query that the shards cannot carry out',
    from: 'shards',
    source: { query: { script: { script: { source: 'throw new IllegalArgumentException("Cats!")' } } } },
    status: 400,
    expected: { error: { root_cause: [{ type: 'script_exception', reason: 'runtime error' }] } },
    remotely: { expected: { error: { type: 'status_exception', reason: /runtime error/ } } },
    ownWords: true,
  },
  {
    what: 'a broken query',
    source: { query: { garbage: 'not a query' } },
    status: 400,
    expected: { error: /\[garbage\] query malformed, no start_object after query name/ },
    ownWords: true,
  },
  {
    what: 'documents that were stored without their source',
    from: 'sourceless',
    status: 400,
    expected: {
      error: { type: 'illegal_argument_exception', reason: /^\[SOURCE\](?:\[_doc\])?\[1\] didn't store _source$/ },
    },
  },
]

export const slices: Behaviour[] = [
  {
    what: 'five slices',
    query: 'slices=5',
    expected: {
      ...created(3),
      total: 3,
      slices: { length: 5, created: 3, updated: 0, version_conflicts: 0, throttled_millis: 0 },
    },
    after: [counted(3)],
    remote: 'ours',
  },
  {
    what: 'a slice for each shard',
    from: 'shards',
    query: 'slices=auto',
    expected: { ...created(4), slices: { length: 3, created: 4 } },
    remote: 'ours',
  },
  {
    what: 'five slices that nobody waits for',
    query: 'slices=5&wait_for_completion=false',
    expected: { task: 'TASK', slices: undefined },
    after: [
      {
        call: 'GET /_tasks/TASK?wait_for_completion=true',
        expected: {
          completed: true,
          response: { ...created(3), slices: { length: 5, created: 3 } },
          task: { status: { total: 3, created: 3, slices: { length: 5, created: 3 } } },
        },
      },
      counted(3),
    ],
    remote: 'ours',
  },
  {
    what: 'two slices, slow, and then without a limit',
    query: 'slices=2&wait_for_completion=false&requests_per_second=0.0001',
    expected: { task: 'TASK' },
    after: [rethrottled('-1'), taskEnded({ total: 3, created: 3, updated: 0, slices: { length: 2 } })],
    remote: 'ours',
  },
  {
    what: 'one slice of two',
    source: { slice: { id: 0, max: 2 } },
    remote: 'no',
    expected: { timed_out: false, failures: [] },
  },
]

export const throttling: Behaviour[] = [
  {
    what: 'a limit of documents per second',
    query: 'requests_per_second=4',
    source: { size: 1 },
    expected: {
      created: 3,
      batches: 3,
      failures: [],
      requests_per_second: 4,
      throttled_millis: 'some',
      task: undefined,
    },
  },
  {
    what: 'a limit of -1 is none',
    query: 'requests_per_second=-1',
    source: { size: 1 },
    expected: { ...created(3), batches: 3, requests_per_second: -1 },
  },
  {
    what: 'a limit that is lifted',
    query: 'requests_per_second=.00000001&wait_for_completion=false',
    source: { size: 1 },
    expected: { task: 'TASK' },
    after: [rethrottled('-1'), taskEnded({ created: 3, batches: 3, requests_per_second: -1 }), counted(3)],
  },
  {
    what: 'a limit that is raised',
    query: 'requests_per_second=.00000001&wait_for_completion=false',
    source: { size: 1 },
    expected: { task: 'TASK' },
    after: [rethrottled('100'), taskEnded({ created: 3, batches: 3, requests_per_second: 100 })],
  },
  {
    what: 'a call that is cancelled while it waits',
    query: 'requests_per_second=.00000001&wait_for_completion=false',
    source: { size: 1 },
    expected: { task: 'TASK' },
    after: [
      // It waits only when the next batch was read: a search that is just sent would fail of being cancelled.
      {
        call: 'GET /_tasks/TASK',
        expected: { task: { status: { total: 3, batches: 1, created: 1, throttled_until_millis: 'some' } } },
        until: true,
      },
      { call: 'POST /_tasks/TASK/_cancel' },
      taskEnded({ canceled: 'by user request', failures: [] }),
    ],
  },
]

export const remotes: Behaviour[] = [
  {
    what: 'time limits',
    remote: 'only',
    remoteFields: { socket_timeout: '1m', connect_timeout: '1m' },
    expected: { ...created(3), batches: 1 },
  },
  { what: 'headers', remote: 'only', remoteFields: { headers: { 'x-opaque-id': 'mine' } }, expected: created(3) },
  {
    what: 'a remote that gives nothing but its name and a query',
    remote: 'only',
    source: { query: { term: { n: 2 } } },
    expected: created(1),
    after: [stored('2', { n: 2, text: 'junk' })],
  },
  {
    what: 'nobody listens there',
    remote: 'only',
    host: 'http://127.0.0.1:9',
    status: 500,
    expected: { error: { type: /^(?:http_host_)?connect_exception$/, reason: /Connection refused$/ } },
    ownWords: true,
  },
  {
    what: 'a port that nobody can listen at',
    remote: 'only',
    host: 'http://127.0.0.1:0',
    status: 500,
    expected: { error: { type: /^(?:http_host_)?connect_exception$/ } },
    ownWords: true,
  },
]
