// Bodies and parameters of `POST /_reindex` that are wrong in one place.
import { http, type Make } from './request-bytes.ts'

/** A remote that is not in the allow-list: whole and right, it is refused all the same. */
const wellFormed = {
  conflicts: 'proceed',
  max_docs: 10,
  source: {
    remote: {
      host: 'https://old.example.com:443',
      username: 'u',
      password: 'p',
      headers: { a: 'b' },
      socket_timeout: '30s',
      connect_timeout: '10s',
    },
    index: ['fuzz-missing'],
    size: 100,
    query: { match_all: {} },
    _source: ['a'],
    sort: [{ a: 'asc' }],
  },
  dest: { index: 'fuzz-target', version_type: 'external', op_type: 'index', routing: 'keep', pipeline: 'p' },
  script: { source: 'ctx._source.a = 1', lang: 'painless' },
}

export const reindexText = JSON.stringify(wellFormed)

export const brokenJson: Make = (pick) => {
  const at = 1 + pick.below(reindexText.length - 2)
  const [what, body] = pick.of<readonly [string, string | Buffer]>([
    [`cut at ${at}`, reindexText.slice(0, at)],
    [
      `a byte that is no UTF-8 at ${at}`,
      Buffer.concat([
        Buffer.from(reindexText.slice(0, at)),
        Buffer.from([0xff, 0xc0, 0x80]),
        Buffer.from(reindexText.slice(at)),
      ]),
    ],
    [`NUL at ${at}`, `${reindexText.slice(0, at)}\u0000${reindexText.slice(at)}`],
    [`a brace at ${at}`, `${reindexText.slice(0, at)}{${reindexText.slice(at)}`],
    [`a quote at ${at}`, `${reindexText.slice(0, at)}"${reindexText.slice(at)}`],
    [`a lone backslash at ${at}`, `${reindexText.slice(0, at)}\\${reindexText.slice(at)}`],
    ['something after it', `${reindexText} x`],
    ['two of them', `${reindexText}${reindexText}`],
    ['a comma too many', reindexText.replace('}}', ',}}')],
    ['single quotes', reindexText.replaceAll('"', "'")],
    ['NaN', reindexText.replace(':10', ':NaN')],
    ['Infinity', reindexText.replace(':100', ':-Infinity')],
    ['a number with leading zeros', reindexText.replace(':100', ':00100')],
    ['a key twice', reindexText.replace('{', '{"dest":{"index":"a"},')],
    ['half a surrogate', reindexText.replace('old.', '\\ud800')],
    ['nothing', ''],
    ['blanks', '   \n'],
    ['a byte order mark alone', '\ufeff'],
    ['no object', pick.of(['[]', '1', '"a"', 'null', 'true', '{', '}', '[{]}'])],
  ])
  return http({ what, body })
}

/** OpenSearch 2.19 dies of some thousand levels in a place that it reads as a map; deeper ones stand where it does not look into them. */
export const deep: Make = (pick) => {
  const [open, middle, close] = pick.of([
    ['[', '', ']'],
    ['{"a":', '1', '}'],
    ['{"bool":{"must":[', '{}', ']}}'],
    ['[', '', ''],
  ] as const)
  const place = pick.of(['alone', 'in an unknown field', 'as the query', 'as the source', 'in the script'] as const)
  const levels =
    place === 'alone' || place === 'in an unknown field' ? pick.of([1_000, 10_000, 100_000]) : pick.of([50, 400])
  const nested = open.repeat(levels) + middle + close.repeat(levels)
  const body = {
    alone: nested,
    'in an unknown field': `{"bogus":${nested},"source":{"remote":{"host":"https://a:1"}}}`,
    'as the query': reindexText.replace('{"match_all":{}}', nested),
    'as the source': `{"source":${nested},"dest":{"index":"a"}}`,
    'in the script': `{"source":{"index":"fuzz-missing"},"dest":{"index":"a"},"script":{"params":${nested}}}`,
  }[place]
  return http({ what: `${levels} levels of ${open} ${place}`, body })
}

const wrongValues = [
  'true',
  '7',
  '-1',
  '0.5',
  '1e400',
  '99999999999999999999',
  '"x"',
  '""',
  '[]',
  '{}',
  '[1]',
  '[[]]',
  '{"a":1}',
  '[null]',
  `"${'é'.repeat(3_000)}"`,
  '"\\u0000"',
]

/** Each place of the body, as the keys that lead there. */
const places = placesIn(wellFormed)

function placesIn(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[...path]]
  const inner = Object.entries(value).flatMap(([key, member]) => placesIn(member, [...path, key]))
  return path.length === 0 ? inner : [[...path], ...inner]
}

export const wrongTypes: Make = (pick) => {
  const place = pick.of(places)
  const value = pick.of(wrongValues)
  return http({ what: `${place.join('.')} = ${value.slice(0, 40)}`, body: replaced(wellFormed, place, value) })
}

/** Written by hand, since `1e400` is no number for JSON.stringify. */
function replaced(value: object, [key = '', ...rest]: readonly string[], to: string): string {
  const members = Object.entries(value).map(([name, member]) => {
    const inner = name !== key ? JSON.stringify(member) : rest.length === 0 ? to : replaced(member as object, rest, to)
    return `${JSON.stringify(name)}:${inner}`
  })
  return `{${members.join(',')}}`
}

export const unknownFields: Make = (pick) => {
  const place = pick.of(['{', '"source":{', '"remote":{', '"dest":{', '"script":{'])
  const name = pick.of([
    'sauce',
    'dst',
    '__proto__',
    'constructor',
    'toString',
    'slices',
    '',
    '\\u0000',
    'Host',
    'x'.repeat(5_000),
  ])
  const value = pick.of(['1', '{}', '"a"', '[[]]'])
  return http({
    what: `${place} has ${name.slice(0, 20)}: ${value}`,
    body: reindexText.replace(place, `${place}"${name}":${value},`),
  })
}

const hosts = [
  'http://169.254.169.254:80',
  'http://127.0.0.1:9200',
  'http://[::1]:9200',
  'http://2130706433:9200',
  'http://0x7f.1:9200',
  'file:///etc/passwd:1',
  'http://a@b:9200',
  'http://user:pw@old.example.com:9200',
  'http://:9200',
  'http://old:99999',
  'http://old:-1',
  'http://old:0',
  'ftp://old:21',
  '//old:9200',
  'http://old:9200\\r\\nx: y',
  'http://old:9200/?q=1',
  'http://old:9200/#a',
  'http://old:9200/%zz',
  'http://ol d:9200',
  'http://[fe80::1%25eth0]:9200',
  'old:9200',
  'old',
  '',
  ' ',
  'http://',
  'http://*:9200',
  `http://${'a'.repeat(300)}:9200`,
  `http://${'a.'.repeat(4_000)}b:9200`,
  'http://old\\u0000:9200',
  'http://олд:9200',
  'http://１２７.0.0.1:9200',
  'jndi:ldap://x:1',
  'http://old.example.com.:443',
  'gopher://x:70/_',
  'http://[::ffff:169.254.169.254]:80',
]

export const badHosts: Make = (pick) => {
  const host = pick.of(hosts)
  return http({ what: host.slice(0, 60), body: reindexText.replace('https://old.example.com:443', host) })
}

export const badRemoteHeaders: Make = (pick) => {
  const pair = pick.of([
    '"host":"evil"',
    '"a b":"c"',
    '"a":"b\\r\\nc: d"',
    '"":"x"',
    '"a":1',
    '"a":null',
    '"transfer-encoding":"chunked"',
    '"content-length":"5"',
    '"a":"\\u0000"',
    '"a":["b"]',
  ])
  return http({ what: pair, body: reindexText.replace('"a":"b"', pair) })
}

const parameters = [
  'slices',
  'requests_per_second',
  'scroll',
  'timeout',
  'refresh',
  'wait_for_active_shards',
  'wait_for_completion',
  'max_docs',
  'require_alias',
  'bogus',
  'pretty',
  'human',
  '__proto__',
  'pipeline',
]
const parameterValues = [
  'x',
  '-1',
  '-2',
  '0',
  '1e9',
  '99999999999999999999',
  '1.5',
  '',
  '%',
  '%zz',
  '%00',
  '%ff',
  'nan',
  '5parsecs',
  'true,false',
  '%F0%9F%98%80',
]

export const badParameters: Make = (pick) => {
  const query = Array.from(
    { length: 1 + pick.below(3) },
    () => `${pick.of(parameters)}=${pick.of(parameterValues)}`,
  ).join('&')
  return http({ what: query, url: `/_reindex?${query}`, body: reindexText })
}
