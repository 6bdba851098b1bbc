import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IndexferryError } from '../foundation/errors.ts'
import { formatObjectLocation, parseObjectLocation } from './object-location.ts'

const parse = (text: string) => parseObjectLocation(text, 'SOURCE')

test('buckets and folders', () => {
  assert.deepEqual(parse('s3://eric-es-index-backups/snap'), {
    kind: 's3',
    bucket: 'eric-es-index-backups',
    prefix: 'snap/',
  })
  assert.deepEqual(parse('oss://bkt/my/snapshot/directory/'), {
    kind: 'oss',
    bucket: 'bkt',
    prefix: 'my/snapshot/directory/',
  })
  assert.deepEqual(parse('s3://b-1'), { kind: 's3', bucket: 'b-1', prefix: '' })
  assert.deepEqual(parse('s3://b-1/'), { kind: 's3', bucket: 'b-1', prefix: '' })
  assert.deepEqual(parse('s3://src/a%20b/%2Fc+d?endpoint=http://127.0.0.1:9000/&region=eu-west-1'), {
    kind: 's3',
    bucket: 'src',
    prefix: 'a b//c+d/',
    endpoint: 'http://127.0.0.1:9000',
    region: 'eu-west-1',
  })
  assert.deepEqual(parse('s3://src?endpoint=minio:9000'), {
    kind: 's3',
    bucket: 'src',
    prefix: '',
    endpoint: 'https://minio:9000',
  })
  assert.deepEqual(parse('file:///data/a%20b'), { kind: 'folder', path: '/data/a b', prefix: '' })
  for (const path of ['/data', './data', '../data', '.', 'C:\\data'])
    assert.deepEqual(parse(path), { kind: 'folder', path, prefix: '' })
})

test('what is written can be read again', () => {
  for (const text of [
    's3://src/a b/ü?endpoint=https://minio:9000&region=eu',
    'oss://bucket/x',
    's3://bucket',
    '/data/ü',
  ])
    assert.deepEqual(parse(formatObjectLocation(parse(text))), parse(text))
})

test('slips are told', () => {
  const wrong: Readonly<Record<string, RegExp>> = {
    's3://b-1//snap': /empty part \(\/\/\) in its base path/,
    's3://b-1/a//b': /empty part/,
    's3://key:secret@b-1/a': /has credentials in its address/,
    's3://B u/a': /where a bucket should be/,
    's3://': /where a bucket should be/,
    's3://b-1/a?endpont=x': /parameter "endpont"/,
    's3://b-1/a?endpoint=ftp://x': /endpoint "ftp:\/\/x"/,
    's3://b-1/100%': /does not begin a percent-encoded byte/,
    's3://b-1/a#b': /has a #/,
    'https://host/index': /neither a bucket nor a folder/,
    movies: /neither a bucket nor a folder/,
  }
  for (const [text, message] of Object.entries(wrong))
    assert.throws(
      () => parse(text),
      (error: unknown) =>
        error instanceof IndexferryError &&
        error.code === 'LOCATION_INVALID' &&
        message.test(error.message) &&
        !/secret/.test(error.message),
      text,
    )
})
