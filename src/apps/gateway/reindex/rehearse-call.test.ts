// What the cluster is shown of a call: everything but what only we do, at the same places, and no secrets.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type LocatedValue, locateJson } from './located-json.ts'
import { rehearsalText, rehearsalUrl } from './rehearse-call.ts'

const shown = (text: string): string => rehearsalText(text, locateJson(text) as LocatedValue)

test('the host leads nowhere, places stay', () => {
  const text =
    '{"source":{"remote":{"host":"http://old:9200","password":"sécret"},"index":"s"},"dest":{"index":"d"},"junk":1}'
  const told = shown(text)
  assert.equal(Buffer.from(told).indexOf('"junk"'), Buffer.from(text).indexOf('"junk"'))
  assert.deepEqual(JSON.parse(told).source.remote, { host: 'x://0:0', password: '*******' })
})

test('what only we understand is left out, wherever it stands', () => {
  const remotes = [
    '{"host":"http://a:9200","api_key":"k","external":true}',
    '{"api_key":"k", "host":"http://a:9200"}',
    '{"region":\n"é","host":"http://a:9200","external":true,"headers":{"a":"b","c":""}}',
    '{"host":"vpce-1","external":true,"username":"u","region":"r"}',
  ]
  for (const remote of remotes) {
    const text = `{"source":{"remote":${remote},"index":"s"}}`
    const { remote: told } = JSON.parse(shown(text)).source
    const { api_key, external, region, ...kept } = JSON.parse(remote)
    assert.ok(api_key ?? external ?? region)
    if (kept.headers) kept.headers = { a: '*', c: '' }
    assert.deepEqual(told, { ...kept, host: 'x://0:0' })
    assert.equal(shown(text).split('\n').length, text.split('\n').length)
  }
})

test('an incomplete host is left to the cluster when nobody knows the other fields', () => {
  const text = '{"source":{"remote":{"host":"badremote","weird":1}}}'
  assert.equal(shown(text), text)
  assert.equal(JSON.parse(shown(text.replace('badremote', 'http://a:1'))).source.remote.host, 'x://0:0')
})

test('parameters that shape the answer or that we lift stay behind', () => {
  const url = (query: string) => rehearsalUrl(new URLSearchParams(query))
  assert.equal(url('slices=auto&pretty&wait_for_completion=false&filter_path=took'), '/_reindex')
  assert.equal(url('pretty=true&human=false'), '/_reindex')
  assert.equal(url('pretty=x&human'), '/_reindex?pretty=x')
  assert.equal(url('slices=0&wait_for_completion=maybe'), '/_reindex?slices=0&wait_for_completion=maybe')
})
