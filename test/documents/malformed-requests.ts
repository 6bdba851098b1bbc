// Requests that no client should send, as bytes: the same seed makes the same ones.
import { seededChance } from '../faults/seeded-chance.ts'
import {
  badHosts,
  badParameters,
  badRemoteHeaders,
  brokenJson,
  deep,
  reindexText,
  unknownFields,
  wrongTypes,
} from './malformed-reindex.ts'
import { crlf, http, type Make, type MalformedRequest, Picker, raw } from './request-bytes.ts'

export function malformedRequests(seed: number, count: number): MalformedRequest[] {
  const pick = new Picker(seededChance(seed))
  return Array.from({ length: count }, (_, at) => {
    const [kind, make] = kinds[at % kinds.length] as (typeof kinds)[number]
    const request = make(pick)
    return { ...request, what: `${at} ${kind}: ${request.what}` }
  })
}

const taskIds = [
  'x',
  ':',
  'a:',
  ':1',
  'a:b',
  'a:-1',
  'a:1:2',
  'a:99999999999999999999',
  'a:1.5',
  '%00',
  '%ff',
  '%',
  'a%3Ab',
  '..',
  '%2e%2e',
  'a:0x1',
  '_all',
  '*',
  'a'.repeat(3_000),
  '🚢:1',
  'null',
  'a:1%0d%0ax',
]

const badTasks: Make = (pick) => {
  const id = pick.of(taskIds)
  const [method, url] = pick.of([
    ['GET', `/_tasks/${id}`],
    ['GET', `/_tasks/${id}?timeout=x`],
    ['GET', `/_tasks/${id}?wait_for_completion=perhaps`],
    ['POST', `/_tasks/${id}/_cancel`],
    ['POST', `/_reindex/${id}/_rethrottle`],
    ['POST', `/_reindex/${id}/_rethrottle?requests_per_second=${pick.of(['x', '-5', '0', '', '1e999', 'NaN'])}`],
    ['POST', `/_tasks/_cancel?nodes=${id}&actions=none`],
    ['DELETE', `/_tasks/${id}`],
  ] as const)
  return http({ what: `${method} ${url.slice(0, 80)}`, method, url })
}

const connectionPaths = [
  'outboundConnection',
  'outboundConnection/search',
  'inboundConnection/search',
  'inboundConnection/x/accept',
  'inboundConnection/%00/reject',
  'outboundConnection/..',
  'nothing',
]

const connectionLists = [
  'x',
  '{',
  '[]',
  'null',
  '{"Filters":{}}',
  '{"Filters":[{"Name":"x","Values":1}]}',
  '{"MaxResults":1e9}',
  '{"MaxResults":-1}',
  '{"NextToken":"AAAA"}',
  '{"NextToken":5}',
  '['.repeat(50_000),
]
const newConnections = [
  ...connectionLists,
  '',
  '{"ConnectionAlias":1}',
  '{"ConnectionAlias":"a"}',
  '{"LocalDomainInfo":{},"RemoteDomainInfo":{}}',
  '\u0000',
]

const badConnections: Make = (pick) => {
  const folder = pick.of(['/2021-01-01/opensearch/cc/', '/2015-01-01/es/ccs/'])
  const path = pick.of(connectionPaths)
  const body = pick.of(path.endsWith('search') ? connectionLists : newConnections)
  const method = pick.of(['POST', 'PUT', 'DELETE', 'PATCH'])
  return http({ what: `${method} ${path} ${body.slice(0, 40)}`, method, url: folder + path, body })
}

const badUrls: Make = (pick) => {
  const url = pick.of([
    '/%',
    '/%zz/_search',
    '/_search?q=%',
    '/%c0%ae%c0%ae/',
    '/a%00b/_doc/1',
    '/_search?%',
    '/UPPER/_doc/1',
    '/a,,b/_search?ignore=x',
    '/../../etc/passwd',
    '/_reindex/../_bogus',
    '/fuzz missing',
    '/\u0001',
    'http://evil.example.com/_bogus',
    '*',
    'nothing',
    '/_bogus',
    '//',
    '/%2f%2f_bogus',
    `/${'a'.repeat(5_000)}`,
    `/_search?q=${'a'.repeat(12_000)}`,
    `/${'a'.repeat(30_000)}`,
    `/_search?${'a=b&'.repeat(2_000)}`,
    '/fuzz-missing/_doc/%ed%a0%80',
    '/_indexferry/nothing',
    '/_indexferry/%',
    '/_cat/bogus?format=x',
  ])
  return http({ what: url.slice(0, 60), method: pick.of(['GET', 'POST']), url })
}

const badHeaders: Make = (pick) => {
  const json = 'content-type: application/json'
  const line = pick.of([
    [json, 'content-length: -1'],
    [json, 'content-length: abc'],
    [json, 'content-length: 5', 'content-length: 6'],
    [json, 'content-length: 5, 6'],
    [json, 'content-length: 99999999999999999999'],
    [json, 'content-length: 2', 'transfer-encoding: chunked'],
    [json, 'transfer-encoding: nonsense'],
    [json, 'transfer-encoding: gzip, chunked, x'],
    ['no colon'],
    ['a b: c', 'content-length: 0'],
    [': empty', 'content-length: 0'],
    ['a\u0000b: c', 'content-length: 0'],
    ['a: b\u0000c', 'content-length: 0'],
    ['a: b\u0001c', 'content-length: 0'],
    [' folded: first', 'content-length: 0'],
    [`a: ${'x'.repeat(20_000)}`, 'content-length: 0'],
    [...Array.from({ length: 3_000 }, (_, at) => `a${at}: b`), 'content-length: 0'],
    ['content-type: text/plain', `content-length: ${reindexText.length}`],
    ['content-type: application/cbor', `content-length: ${reindexText.length}`],
    ['content-type: application/x-ndjson', `content-length: ${reindexText.length}`],
    ['content-type: ', `content-length: ${reindexText.length}`],
    ['content-type: /;;=', `content-length: ${reindexText.length}`],
    [json, 'content-encoding: gzip', `content-length: ${reindexText.length}`],
    [json, 'content-encoding: br', `content-length: ${reindexText.length}`],
    [json, 'authorization: Basic !!!', `content-length: ${reindexText.length}`],
    [json, 'authorization: nonsense', `content-length: ${reindexText.length}`],
    [json, 'accept: nonsense/;', `content-length: ${reindexText.length}`],
    [json, 'upgrade: websocket', 'connection: upgrade', `content-length: ${reindexText.length}`],
    [json, 'expect: 200-maybe', `content-length: ${reindexText.length}`],
  ])
  return http({ what: line.join(' | ').slice(0, 80), headers: line, body: reindexText })
}

const badFirstLines: Make = (pick) => {
  const line = pick.of([
    'POST /_reindex HTTP/9.9',
    'POST /_reindex HTTP/2.0',
    'POST  /_reindex  HTTP/1.1',
    'FOO /_reindex HTTP/1.1',
    'post /_reindex HTTP/1.1',
    'POST',
    '/_reindex HTTP/1.1',
    '\u0000\u0000\u0000',
    'POST /_reindex',
    'POST /_reindex HTTP/1.1 x',
    'SSH-2.0-OpenSSH_9.0',
    '\u0016\u0003\u0001\u0002\u0000\u0001',
    'PRI * HTTP/2.0',
    `${'A'.repeat(20_000)} / HTTP/1.1`,
    'POST /\u007f HTTP/1.1',
  ])
  return raw(
    JSON.stringify(line.slice(0, 40)),
    `${line}${crlf}host: localhost${crlf}connection: close${crlf}content-length: 0${crlf}${crlf}`,
  )
}

const badChunks: Make = (pick) => {
  const body = pick.of([
    'zz\r\nabc\r\n0\r\n\r\n',
    '-5\r\nabc\r\n0\r\n\r\n',
    '3\r\nabcdef\r\n0\r\n\r\n',
    'ffffffffffffffffff\r\nabc',
    '5;x=y\r\n{"a"}\r\n0\r\n\r\n',
    '1\n{\n0\n\n',
    '\r\n\r\n',
    '3\r\n{"a\r\nx\r\n',
    '2\r\n{}\r\n0\r\nbad trailer\r\n\r\n',
  ])
  return http({
    what: JSON.stringify(body),
    headers: ['content-type: application/json', 'transfer-encoding: chunked'],
    body,
  })
}

const stopping: Make = (pick) => {
  const ends = pick.of(['closed', 'closed', 'closed', 'closed', 'closed', 'closed', 'closed', 'silent'] as const)
  const type = 'content-type: application/json'
  const cut = pick.below(reindexText.length)
  const [what, request] = pick.of<readonly [string, MalformedRequest]>([
    ['before the body', http({ what: '', headers: [type, 'content-length: 100'] })],
    [
      `after ${cut} bytes`,
      http({ what: '', headers: [type, `content-length: ${reindexText.length + 1}`], body: reindexText.slice(0, cut) }),
    ],
    ['in a chunk', http({ what: '', headers: [type, 'transfer-encoding: chunked'], body: 'fff\r\n{"source"' })],
    ['before the last chunk', http({ what: '', headers: [type, 'transfer-encoding: chunked'], body: '2\r\n{}\r\n' })],
    ['in the headers', raw('', `POST /_reindex HTTP/1.1${crlf}host: local`)],
    ['in the first line', raw('', 'POST /_rein')],
  ])
  return { ...request, what: `${what}, ${ends}`, ends }
}

const kinds = [
  ['broken JSON', brokenJson],
  ['broken JSON', brokenJson],
  ['wrong type', wrongTypes],
  ['wrong type', wrongTypes],
  ['wrong type', wrongTypes],
  ['unknown field', unknownFields],
  ['host', badHosts],
  ['headers for the remote', badRemoteHeaders],
  ['parameter', badParameters],
  ['parameter', badParameters],
  ['task', badTasks],
  ['connection', badConnections],
  ['URL', badUrls],
  ['header', badHeaders],
  ['header', badHeaders],
  ['first line', badFirstLines],
  ['chunks', badChunks],
  ['stopping', stopping],
  ['nesting', deep],
  ['broken JSON', brokenJson],
] as const satisfies readonly (readonly [string, Make])[]
