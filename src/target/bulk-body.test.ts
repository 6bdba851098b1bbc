// The bodies of bulk requests: read back line by line, they say what the batch holds.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { batchOf, type TestDocument } from '../../test/documents/batch-of.ts'
import { looseObject } from '../../test/documents/loose-json.ts'
import { fc } from '../../test/documents/properties.ts'
import { toOneLine } from '../foundation/json-bytes.ts'
import { type BulkForm, encodeBulkBody, externalVersion, rowsWithin } from './bulk-body.ts'

const plain: BulkForm = {
  operation: 'index',
  versionBase: undefined,
  sendsParent: false,
  sendsType: false,
  sendsIndex: false,
}

const rowsOf = (count: number) => Int32Array.from({ length: count }, (_, row) => row)

function linesOf(
  documents: readonly TestDocument[],
  form: Partial<BulkForm> = {},
  rows = rowsOf(documents.length),
): string[] {
  const body = encodeBulkBody(batchOf(documents), rows, 0, rows.length, { ...plain, ...form }).toString()
  assert.ok(body.endsWith('\n'), 'the last line ends')
  return body.slice(0, -1).split('\n')
}

describe('a bulk body', () => {
  it('has an action and a source for each document', () => {
    assert.deepEqual(
      linesOf([
        { id: '1', source: '{"a":1}' },
        { id: 'ü"\\', routing: 'r"', source: '{ }' },
      ]),
      ['{"index":{"_id":"1"}}', '{"a":1}', '{"index":{"_id":"ü\\"\\\\","routing":"r\\""}}', '{ }'],
    )
  })

  it('says type, parent and index only where they are wanted', () => {
    const document = { id: '1', type: 't', parent: 'p', routing: 'r', index: 'i', source: '{}' }
    assert.equal(linesOf([document])[0], '{"index":{"_id":"1","routing":"r"}}')
    assert.equal(
      linesOf([document], { sendsParent: true, sendsType: true, sendsIndex: true, operation: 'create' })[0],
      '{"create":{"_id":"1","routing":"r","parent":"p","_type":"t","_index":"i"}}',
    )
  })

  it('makes external versions from sequence numbers, or else from versions', () => {
    const documents = [
      { id: '1', sequenceNumber: 0, version: 7, source: '{}' },
      { id: '2', version: 7, source: '{}' },
      { id: '3', source: '{}' },
    ]
    const versions = (base: number | undefined) =>
      linesOf(documents, { versionBase: base })
        .filter((_, n) => n % 2 === 0)
        .map((line) => JSON.parse(line).index)
    assert.deepEqual(versions(0), [
      { _id: '1', version_type: 'external', version: 1 },
      { _id: '2', version_type: 'external', version: 7 },
      { _id: '3' },
    ])
    assert.equal(versions(1_000)[0].version, 1_001)
    assert.equal(versions(undefined)[0].version, undefined)
    assert.equal(externalVersion(batchOf(documents), 2, 5), -1)
  })

  it("sends a document's own version digit for digit", () => {
    const documents = ['7', '9007199254740993', '9223372036854775806'].map((versionDigits) => ({
      id: '1',
      versionDigits,
      source: '{}',
    }))
    for (const ownVersions of ['external', 'external_gte'] as const) {
      const lines = linesOf(documents, { ownVersions }).filter((_, n) => n % 2 === 0)
      assert.deepEqual(
        lines,
        documents.map(
          ({ versionDigits }) => `{"index":{"_id":"1","version_type":"${ownVersions}","version":${versionDigits}}}`,
        ),
      )
    }
    assert.deepEqual(
      linesOf(documents, { versionBase: 0 }).filter((_, n) => n % 2 === 0),
      documents.map(
        ({ versionDigits }) => `{"index":{"_id":"1","version_type":"external","version":${versionDigits}}}`,
      ),
    )
  })

  it('brings line breaks between tokens onto one line and changes nothing else', () => {
    const source = '{\n  "a": 1,\r\n  "b": "\\n"\n}'
    assert.deepEqual(
      linesOf([
        { id: '1', source },
        { id: '2', source: '{"x":"no break"}' },
        { id: '3', source },
      ]),
      [
        '{"index":{"_id":"1"}}',
        '{   "a": 1,\r   "b": "\\n" }',
        '{"index":{"_id":"2"}}',
        '{"x":"no break"}',
        '{"index":{"_id":"3"}}',
        '{   "a": 1,\r   "b": "\\n" }',
      ],
    )
  })

  it('finds line breaks when documents come in another order than their bytes', () => {
    const documents = [
      { id: '1', source: '{\n}' },
      { id: '2', source: '{}' },
      { id: '3', source: '{"a":\n1}' },
    ]
    const lines = linesOf(documents, {}, Int32Array.from([1, 2, 0]))
    assert.deepEqual([lines[1], lines[3], lines[5]], ['{}', '{"a": 1}', '{ }'])
  })

  it('has room for raw line breaks in strings, which take two bytes each', () => {
    const source = `{"a":"${'\n'.repeat(10_000)}"}`
    const [, line] = linesOf([
      { id: '1', source },
      { id: '2', source },
    ])
    assert.equal(JSON.parse(line!).a, '\n'.repeat(10_000))
  })

  it('sends an empty object for a document without a source', () => {
    const batch = batchOf([{ id: '1', source: '{}' }])
    batch.sourceStart[0] = -1
    batch.sourceEnd[0] = -1
    assert.equal(encodeBulkBody(batch, rowsOf(1), 0, 1, plain).toString(), '{"index":{"_id":"1"}}\n{}\n')
  })

  it('is divided by bytes, with at least one document each', () => {
    const documents = Array.from({ length: 10 }, (_, n) => ({
      id: `${n}`,
      source: `{"a":"${'x'.repeat(n === 5 ? 5_000 : 500)}"}`,
    }))
    const batch = batchOf(documents)
    const parts: number[] = []
    for (let from = 0; from < 10; ) {
      const to = rowsWithin(batch, rowsOf(10), from, 2_000)
      assert.ok(to > from)
      const body = encodeBulkBody(batch, rowsOf(10), from, to, { ...plain, versionBase: 0, sendsIndex: true })
      assert.ok(body.length <= 2_000 || to === from + 1)
      parts.push(to - from)
      from = to
    }
    assert.equal(
      parts.reduce((sum, part) => sum + part),
      10,
    )
    assert.ok(parts.includes(1))
  })
})

describe('any bulk body', () => {
  const document: fc.Arbitrary<TestDocument> = fc.record(
    {
      id: fc.string({ unit: 'binary', minLength: 1 }),
      routing: fc.string(),
      type: fc.string({ maxLength: 5 }),
      parent: fc.string({ maxLength: 5 }),
      index: fc.string({ maxLength: 5 }),
      sequenceNumber: fc.nat(),
      version: fc.nat(),
      source: looseObject,
    },
    { requiredKeys: ['id', 'source'] },
  )
  const forms = fc.record({
    operation: fc.constantFrom('index', 'create'),
    versionBase: fc.option(
      fc.maxSafeNat().map((n) => n % 2 ** 50),
      { nil: undefined },
    ),
    sendsParent: fc.boolean(),
    sendsType: fc.boolean(),
    sendsIndex: fc.boolean(),
  }) as fc.Arbitrary<BulkForm>

  it('reads back as the documents, two lines each', () => {
    fc.assert(
      fc.property(fc.array(document, { maxLength: 6 }), forms, (documents, form) => {
        const batch = batchOf(documents)
        const body = encodeBulkBody(batch, rowsOf(documents.length), 0, documents.length, form)
        const lines = body.toString().split('\n')
        assert.equal(lines.length, 2 * documents.length + 1)
        for (const [n, { id, routing, type, parent, index, source }] of documents.entries()) {
          const action = JSON.parse(lines[2 * n]!)[form.operation]
          const version = form.versionBase === undefined ? -1 : externalVersion(batch, n, form.versionBase)
          const expected = {
            _id: id,
            routing,
            parent: form.sendsParent ? parent : undefined,
            _type: form.sendsType ? type : undefined,
            _index: form.sendsIndex ? index : undefined,
            version: version === -1 ? undefined : version,
            version_type: version === -1 ? undefined : 'external',
          }
          assert.deepEqual(action, JSON.parse(JSON.stringify(expected)))
          assert.equal(lines[2 * n + 1], toOneLine(Buffer.from(source)).toString())
        }
      }),
      { numRuns: 500 },
    )
  })
})
