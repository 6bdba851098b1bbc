// The cutting out of hits, on hits that are difficult to find the end of.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { documentsOf, type TestDocument } from '../../test/documents/batch-of.ts'
import { cutInPieces, scanHits } from '../../test/documents/scan-hits.ts'
import { isErrorOf } from '../foundation/errors.ts'
import { HitScanner } from './hit-scanner.ts'

const hit = (id: string, source: string) => `{"_index":"i","_id":"${id}","_score":null,"_source":${source}}`

function sourcesOf(text: string, pieceBytes: number): string[] {
  const { batches, scanner } = scanHits(cutInPieces(Buffer.from(text), pieceBytes))
  assert.ok(scanner.isComplete, 'the end of the array was found')
  return batches.flatMap((batch) => documentsOf(batch).map((document) => document.source))
}

const difficult = [
  '{}',
  '{"a":"}]}"}',
  '{"a":"\\""}',
  '{"a":"\\\\"}',
  '{"a":"\\\\\\""}',
  '{"a":"\\\\\\\\"}',
  '{"a":"// no comment"}',
  '{"a":"/* no comment */"}',
  '{"a":/* } ] " */1}',
  '{"a":/**/1,/***/"b":/* * / */2}',
  '{"a":/*/ "not closed by the slash of its start" */1}',
  '{// one "quote\r"a":1}',
  '{"a":"raw \n \t \u0001 control"}',
  '{"a":4/2}',
  `{"a":"${'\\\\'.repeat(500)}"}`,
  `{"a":"${'\\"'.repeat(500)}"}`,
  `{"a":"${'x'.repeat(47)}"}`,
  `{"a":"${'x'.repeat(48)}\\""}`,
  `{"a":"${'x'.repeat(49)}"}`,
  `${'{"a":'.repeat(100)}1${'}'.repeat(100)}`,
  '{"_source":{"_id":"inner"},"sort":[9],"fields":{"_routing":"inner"}}',
]

describe('the hit scanner', () => {
  for (const pieceBytes of [1, 2, 3, 7, 64, 1_000_000]) {
    it(`finds difficult sources in pieces of ${pieceBytes} bytes`, () => {
      const text = `${difficult.map((source, n) => hit(`${n}`, source)).join(',')}]}}`
      assert.deepEqual(sourcesOf(text, pieceBytes), difficult)
    })

    it(`passes over comments around a source in pieces of ${pieceBytes} bytes`, () => {
      const around = ['/* {"_id":"x" } ] */{"a":1}/**/', '// "{\n{"a":1} // } ]\n', '\n{"a":1}/*,"_id":"2"*/ ']
      const text = `${around.map((source, n) => hit(`${n}`, source)).join(',')}]}}`
      assert.deepEqual(sourcesOf(text, pieceBytes), ['{"a":1}', '{"a":1}', '{"a":1}'])
    })
  }

  it('takes every field of a hit', () => {
    const text =
      '{"_index":"logs","_type":"t","_id":"1","_seq_no":12,"_primary_term":1,"_version":3,"_score":1.5,"_routing":"r",' +
      '"_parent":"p","_ignored":["x"],"_source":{"a":1},"sort":[7,"x"]}]}}'
    const { batches } = scanHits([Buffer.from(text)])
    const expected: TestDocument[] = [
      {
        id: '1',
        routing: 'r',
        type: 't',
        parent: 'p',
        index: 'logs',
        sequenceNumber: 12,
        version: 3,
        source: '{"a":1}',
      },
    ]
    assert.deepEqual(batches.flatMap(documentsOf), expected)
    const batch = batches[0]!
    assert.equal(batch.bytes.toString('utf8', batch.sortStart, batch.sortEnd), '[7,"x"]')
  })

  it('takes routing and parent from among the fields, as 1.x gives them', () => {
    const text = '{"_id":"1","_source":{"a":1},"fields":{"_parent":"p","_routing":"r\\"2"}}]}}'
    const [document] = documentsOf(scanHits([Buffer.from(text)]).batches[0]!)
    assert.equal(document?.routing, 'r"2')
    assert.equal(document?.parent, 'p')
  })

  it('keeps escapes in ids as they are', () => {
    const { batches } = scanHits([Buffer.from('{"_id":"a\\"\\\\\\u00e9\\\\","_source":{}}]}}')])
    assert.equal(batches[0]?.id(0), 'a"\\é\\')
  })

  it('takes a string of 5 MB in pieces of 64 KiB', () => {
    const source = `{"a":"${'0123456789\\\\\\"'.repeat(5_000_000 / 14)}"}`
    assert.deepEqual(sourcesOf(`${hit('1', source)},${hit('2', '{}')}]}}`, 65_536), [source, '{}'])
  })

  for (const [bytes, when] of [
    [200_000, 'once it has come'],
    [20_000_000, 'while it arrives'],
  ] as const) {
    it(`refuses a document that is larger than allowed, ${when}`, () => {
      const scanner = new HitScanner(1_000, 100_000)
      const pieces = cutInPieces(Buffer.from(hit('1', `{"a":"${'x'.repeat(bytes)}"}`)), 10_000)
      let pushed = 0
      assert.throws(
        () => {
          for (const piece of pieces) {
            scanner.push(piece)
            pushed++
          }
        },
        (error) => isErrorOf(error, 'DOCUMENT_TOO_LARGE'),
      )
      assert.ok(pushed < 1_000)
    })
  }

  for (const [what, text] of Object.entries({
    'an array instead of a hit': '["_id","1"]]',
    'no id': '{"_source":{}}]',
    'an id that does not end': '{"_id":/*"*/"x}]',
    'a key that does not end': '{"_id":"1",/*"*/"_x}]',
    'a number without an end': '{"_id":"1","_seq_no":5}x',
    'a key without a value': '{"_id":"1","_version":}]',
    'no key': '{"_id":"1",7}]',
    'a comment between its own tokens': '{"_id"/*}*/:"1"}]',
  })) {
    it(`does not run on beyond a hit with ${what}`, () => {
      try {
        scanHits([Buffer.from(text)])
      } catch (error) {
        assert.ok(isErrorOf(error, 'ANSWER_INVALID'), String(error))
      }
    })
  }
})
