// What `_reindex` refuses before it begins.
import type { Behaviour } from './reindex-behaviour.ts'

type Refused = readonly [what: string, reason: RegExp, call: Omit<Behaviour, 'what' | 'expected'>]

const rate = /\[requests_per_second\] must be a float greater than 0\. Use -1 to disable throttling\./
const slicesWanted = /\[slices\] must be a positive integer or the string "auto"/
const negative = /\[max_docs\] parameter cannot be negative, found \[-4\]/
const twice = /\[max_docs\] set to two different values \[4\] and \[5\]/

const refused: readonly Refused[] = [
  ['junk', /unknown field \[junk\]/, { rest: { junk: {} } }],
  ['junk in source', /Unknown key for a START_OBJECT in \[junk\]\./, { source: { junk: {} } }],
  ['junk in dest', /unknown field \[junk\]/, { dest: { junk: {} } }],
  ['no index to write to', /index must be specified/, { dest: { index: undefined } }],
  [
    'no index to read from',
    /use _all if you really want to copy from all existing indexes/,
    { source: { index: undefined } },
  ],
  ['a size that is no number', /For input string: \\?"cat\\?"/, { source: { size: 'cat' } }],
  ['from', /from is not supported in this context/, { source: { from: 1 } }],
  ['a version', /\[dest\] unknown field \[version\]/, { dest: { version: 10 } }],
  ['conflicts', /conflicts may only be "proceed" or "abort" but was \[cat\]/, { rest: { conflicts: 'cat' } }],
  ['size below zero', negative, { rest: { size: -4 } }],
  ['max_docs below zero', negative, { rest: { max_docs: -4 } }],
  ['max_docs below zero in the URL', negative, { query: 'max_docs=-4' }],
  ['max_docs below slices', /\[max_docs\] should be >= \[slices\]/, { query: 'max_docs=1&slices=2', remote: 'ours' }],
  ['size and max_docs', twice, { rest: { size: 4, max_docs: 5 } }],
  ['max_docs twice', twice, { rest: { max_docs: 4 }, query: 'max_docs=5' }],
  ['an empty rate', rate, { query: 'requests_per_second=' }],
  ['a rate below zero', rate, { query: 'requests_per_second=-12' }],
  ['a rate of zero', rate, { query: 'requests_per_second=0' }],
  ['a rate in words', rate, { query: 'requests_per_second=unlimited' }],
  ['slices in words', slicesWanted, { query: 'slices=junk' }],
  ['no slices', slicesWanted, { query: 'slices=0' }],
  ['stored fields', /stored_fields is not supported in this context/, { source: { stored_fields: ['_id'] } }],
  ['no source', /_source:false is not supported in this context/, { source: { _source: false } }],
  [
    'a host that is not in the list',
    /\[badremote:9200\] not (?:allow|white)listed in reindex\.remote\.(?:allow|white)list/,
    { remote: 'only', host: 'http://badremote:9200' },
  ],
  [
    'a host without scheme and port',
    /\[host\] must be of the form \[scheme\]:\/\/\[host\]:\[port\]/,
    { remote: 'only', host: 'badremote', remoteFields: { weird: 'stuff', badkey: 'is bad' } },
  ],
  [
    'junk in remote',
    /Unsupported fields in \[remote\]: \[weird,badkey\]/,
    { remote: 'only', remoteFields: { weird: 'stuff', badkey: 'is bad' } },
  ],
  [
    'a time limit',
    /failed to parse setting \[socket_timeout\]|borked/,
    { remote: 'only', remoteFields: { socket_timeout: 'borked' } },
  ],
  ['another time limit', /borked/, { remote: 'only', remoteFields: { connect_timeout: 'borked' } }],
]

export const validation: Behaviour[] = refused.map(([what, reason, call]) => ({
  ...call,
  what: `refused: ${what}`,
  status: 400,
  expected: { error: reason },
}))
