import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type IndexferryError, redact } from '../foundation/errors.ts'
import { formatLocation, type LocationRole, parseLocation } from './location.ts'

const cluster = (text: string, role: LocationRole = 'SOURCE') => {
  const location = parseLocation(text, role)
  assert.equal(location.kind, 'cluster')
  return location as Extract<typeof location, { kind: 'cluster' }>
}

const refusal = (text: string, role: LocationRole = 'SOURCE'): IndexferryError => {
  let thrown: unknown
  try {
    parseLocation(text, role)
  } catch (error) {
    thrown = error
  }
  assert.ok(thrown, `${text} is refused`)
  assert.equal((thrown as IndexferryError).code, 'LOCATION_INVALID')
  return thrown as IndexferryError
}

test('a cluster with one index', () => {
  assert.deepEqual(cluster('https://old:9200/products'), {
    kind: 'cluster',
    nodes: ['https://old:9200'],
    index: 'products',
  })
})

test('no index: no path, or a path that ends in a slash', () => {
  assert.deepEqual(cluster('http://old:9200', 'TARGET'), { kind: 'cluster', nodes: ['http://old:9200'] })
  assert.deepEqual(cluster('http://old:9200/'), { kind: 'cluster', nodes: ['http://old:9200'] })
  assert.deepEqual(cluster('http://proxy/es/'), { kind: 'cluster', nodes: ['http://proxy/es'] })
})

test('the last segment is the index, those before belong to the address', () => {
  assert.deepEqual(cluster('https://proxy/team/search/logs-*'), {
    kind: 'cluster',
    nodes: ['https://proxy/team/search'],
    index: 'logs-*',
  })
})

test('a missing port is the one of the scheme, and is not written out', () => {
  assert.deepEqual(cluster('https://old/a').nodes, ['https://old'])
  assert.deepEqual(cluster('https://old:443/a').nodes, ['https://old'])
  assert.deepEqual(cluster('http://old:80/a').nodes, ['http://old'])
  assert.deepEqual(cluster('http://old:443/a').nodes, ['http://old:443'])
})

test('several nodes, with the scheme once or repeated', () => {
  const nodes = ['https://a:9200', 'https://b:9201']
  assert.deepEqual(cluster('https://a:9200,b:9201/i'), { kind: 'cluster', nodes, index: 'i' })
  assert.deepEqual(cluster('https://a:9200,https://b:9201/i'), { kind: 'cluster', nodes, index: 'i' })
  assert.deepEqual(cluster('https://a,b/p/i').nodes, ['https://a/p', 'https://b/p'])
  assert.match(refusal('https://a,http://b/i').message, /http and with https/)
})

test('IPv6 addresses stand in brackets', () => {
  assert.deepEqual(cluster('http://[::1]:9200/i').nodes, ['http://[::1]:9200'])
  assert.deepEqual(cluster('https://[2001:DB8::7]/i').nodes, ['https://[2001:db8::7]'])
  assert.match(refusal('http://::1:9200/i').message, /IPv6 address without brackets/)
  assert.match(refusal('http://2001:db8::7/i').remedy, /\[2001:db8::7\]/)
})

test('lists, exclusions and percent-encoded names', () => {
  assert.equal(cluster('http://h/a,b,-c*').index, 'a,b,-c*')
  assert.equal(cluster('http://h/caf%C3%A9').index, 'café')
  assert.equal(cluster('http://h/.ds-logs-000001').index, '.ds-logs-000001')
  assert.equal(cluster('http://h/_all').index, '_all')
})

test('credentials are decoded, apply to all nodes, are never printed', () => {
  const location = cluster('https://ann:p%40ss%2Fw0rd@a,b/i')
  assert.deepEqual(location, {
    kind: 'cluster',
    nodes: ['https://a', 'https://b'],
    index: 'i',
    username: 'ann',
    password: 'p@ss/w0rd',
  })
  assert.equal(formatLocation(location), 'https://a,b/i')
  assert.equal(redact('told p@ss/w0rd and p%40ss%2Fw0rd'), 'told *** and ***')
  assert.equal(cluster('https://ann@a/i').username, 'ann')
  assert.equal(cluster('https://ann:with@sign@a/i').password, 'with@sign')
})

test('no refusal repeats a password', () => {
  for (const text of [
    'https://ann:hunter2/x@a/i',
    'https://ann:hunter2@a:99999/i',
    'https://ann:hunter2@a b/i',
    'ann:hunter2@host:9200/i',
    'ftp://ann:hunter2@a/i',
  ]) {
    const error = refusal(text)
    assert.doesNotMatch(`${error.message} ${error.remedy}`, /hunter2/, text)
  }
})

test('files and the standard streams', () => {
  assert.deepEqual(parseLocation('-', 'SOURCE'), { kind: 'stdio' })
  assert.deepEqual(parseLocation('p.ndjson', 'SOURCE'), { kind: 'file', path: 'p.ndjson', compression: 'none' })
  assert.deepEqual(parseLocation('a/p.ndjson.gz', 'SOURCE'), {
    kind: 'file',
    path: 'a/p.ndjson.gz',
    compression: 'gzip',
  })
  assert.deepEqual(parseLocation('p.NDJSON.zst', 'TARGET'), { kind: 'file', path: 'p.NDJSON.zst', compression: 'zstd' })
  assert.deepEqual(parseLocation('./dump', 'SOURCE'), { kind: 'file', path: './dump', compression: 'none' })
  assert.deepEqual(parseLocation('/data/dump.json', 'SOURCE'), {
    kind: 'file',
    path: '/data/dump.json',
    compression: 'none',
  })
  assert.deepEqual(parseLocation('file:///data/my%20dump.ndjson', 'SOURCE'), {
    kind: 'file',
    path: '/data/my dump.ndjson',
    compression: 'none',
  })
})

test('each wrong location says what is wrong in it', () => {
  for (const [text, message] of [
    ['', /is empty/],
    ['s3://bucket/base#snap/i', /object store \(s3:\/\/\)/],
    ['oss://bucket/base#snap/i', /object store \(oss:\/\/\)/],
    ['file:///repository#snap/i', /names a snapshot/],
    ['file://host/data/x.ndjson', /file:\/\/\/folder\/file/],
    ['ftp://h/i', /scheme ftp:\/\//],
    ['old:9200/products', /has no scheme/],
    ['products', /neither a URL nor the name of a file/],
    ['./folder/', /is a folder/],
    ['http:///i', /has no host/],
    ['http://h:0/i', /port 0/],
    ['http://h:70000/i', /port 70000/],
    ['http://h:abc/i', /where a host and port should be/],
    ['http://a,,b/i', /has no host/],
    ['http://h//i', /empty part/],
    ['http://h/%zz', /percent-encoded/],
    ['http://h/i?q=1', /\? or #/],
    ['http://h/a%20b', /has " " in the index name/],
    ['http://h/a,,b', /empty name in the list/],
    ['http://h/-a*', /names none/],
    ['http://h/_search', /no name begins with _/],
    ['http://:pw@h/i', /credentials/],
  ] as const)
    assert.match(refusal(text).message, message, text)
})

test('a target is one index or none', () => {
  assert.equal(cluster('http://h/products', 'TARGET').index, 'products')
  assert.match(refusal('http://h/logs-*', 'TARGET').message, /a target is one index or none/)
  assert.match(refusal('http://h/a,b', 'TARGET').message, /a target is one index or none/)
  assert.match(refusal('products', 'TARGET').message, /^TARGET /)
})

test('what is formatted parses to the same', () => {
  for (const text of [
    'https://a:9200,b:9201/p/q/a,b,-c*',
    'http://[::1]:9200',
    'https://h/caf%C3%A9',
    'https://proxy/p/i',
    './x',
    '-',
  ]) {
    const location = parseLocation(text, 'SOURCE')
    assert.deepEqual(parseLocation(formatLocation(location), 'SOURCE'), location)
  }
  const prefixOnly = cluster('https://a,b/p/')
  assert.equal(formatLocation(prefixOnly), 'https://a,b/p/')
  assert.deepEqual(cluster(formatLocation(prefixOnly)), prefixOnly)
})
