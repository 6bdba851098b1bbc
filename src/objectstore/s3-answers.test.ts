import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fc } from '../../test/documents/properties.ts'
import { readListing } from './s3-answers.ts'
import { escapeXml } from './xml.ts'

const page = (contents: string, more = '<IsTruncated>false</IsTruncated>') =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${more}${contents}</ListBucketResult>`

const object = (key: string, size: number) =>
  `<Contents><Key>${escapeXml(key)}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>&quot;abc&quot;</ETag><Size>${size}</Size><Owner><ID>Key</ID></Owner></Contents>`

const read = (text: string) => {
  const { entries, ...page } = readListing(Buffer.from(text)) ?? {}
  const listed = entries?.()
  return listed && { ...page, entries: listed }
}

test('a page in the plain form and one in any other form are read alike, whatever the keys are', () => {
  const objects = fc.array(fc.tuple(fc.string({ unit: 'binary', maxLength: 12 }), fc.nat()), { maxLength: 20 })
  fc.assert(
    fc.property(objects, (listed) => {
      const kept = listed.filter(([key]) => /^[\t\n\x20-\ud7ff\ue000-\uffff]*$/.test(key))
      const contents = kept.map(([key, size]) => object(key, size)).join('')
      const plain = read(page(contents))
      assert.deepEqual(plain, read(page(`<!-- a comment -->${contents}`)))
      assert.deepEqual(
        plain?.entries.map(({ key, size }) => [key, size]),
        kept,
      )
    }),
  )
})

test('times, tags, tokens and keys that are encoded', () => {
  const more =
    '<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextContinuationToken>n&amp;1</NextContinuationToken>'
  assert.deepEqual(read(page(object('a+b%2Fc', 7), more)), {
    entries: [{ key: 'a b/c', size: 7, modifiedMs: Date.UTC(2026, 0, 2, 3, 4, 5), etag: 'abc' }],
    isTruncated: true,
    next: 'n&1',
  })
})

test('elements with a prefix or with attributes, and CDATA', () => {
  const prefixed = '<s3:Contents><s3:Key>k</s3:Key><s3:Size>1</s3:Size></s3:Contents>'
  const odd = '<Contents a="b"><Key><![CDATA[<k>]]></Key><Size>2</Size></Contents>'
  assert.deepEqual(
    read(page(prefixed + odd))?.entries.map(({ key, size }) => [key, size]),
    [
      ['k', 1],
      ['<k>', 2],
    ],
  )
  assert.equal(read(page(prefixed))?.entries.length, 1)
})

test('what is cut off, lacks a size or is something else is no page', () => {
  const whole = page(object('a', 1) + object('b', 2))
  for (const end of [1, 20, 60, 200]) assert.equal(read(whole.slice(0, -end)), undefined)
  assert.equal(read(page('<Contents><Key>a</Key></Contents>')), undefined)
  assert.equal(read(page('<Contents><Key>a</Key><Size>much</Size></Contents>')), undefined)
  assert.equal(read('<Error><Code>SlowDown</Code></Error>'), undefined)
})

test('ETags lose their quotes, however they are written', () => {
  const etags = {
    '&quot;a-1&quot;': 'a-1',
    '&#34;b&#34;': 'b',
    '"c"': 'c',
    d: 'd',
    'W/&quot;e&quot;': 'e',
    '&quot;': '',
    '&#x22;f&#x22;': 'f',
  }
  for (const [written, plain] of Object.entries(etags)) {
    const contents = `<Contents><Key>k</Key><Size>1</Size><ETag>${written}</ETag></Contents>`
    for (const text of [contents, `<!-- a comment -->${contents}`])
      assert.equal(read(page(text))?.entries[0]?.etag, plain, written)
  }
})
