// The reading of whole search answers: what is cut off, failed or odd is never taken for an answer.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { documentsOf, type TestDocument } from '../../test/documents/batch-of.ts'
import { cutInPieces } from '../../test/documents/scan-hits.ts'
import { type IndexferryError, isErrorOf } from '../foundation/errors.ts'
import { readSearchAnswer, type SearchHead } from './search-answer.ts'

const shards = '"_shards":{"total":1,"successful":1,"skipped":0,"failed":0}'
const hits = '{"_id":"1","_source":{"a":"ü"}},{"_id":"2","_source":{"a":"\\""},"sort":[3]}'
const answer = `{"_scroll_id":"abc==","took":3,"timed_out":false,${shards},"hits":{"total":{"value":2,"relation":"eq"},"max_score":null,"hits":[${hits}]}}`

async function read(bytes: Buffer, pieceBytes = bytes.length || 1) {
  async function* body() {
    yield* cutInPieces(bytes, pieceBytes)
  }
  const batches = readSearchAnswer(body(), { side: 'source', batchBytes: 30, hitBytesMax: 1_000 })
  const documents: TestDocument[] = []
  for (;;) {
    const step = await batches.next()
    if (step.done) return { documents, head: step.value as SearchHead }
    documents.push(...documentsOf(step.value))
  }
}

const refused = (code: Parameters<typeof isErrorOf>[1], words?: RegExp) => (error: unknown) => {
  assert.ok(isErrorOf(error, code), String(error))
  if (words) assert.match((error as IndexferryError).message, words)
  return true
}

describe('the reader of search answers', () => {
  it('gives the hits and the head, in pieces of any size', async () => {
    for (let pieceBytes = 1; pieceBytes <= answer.length; pieceBytes++) {
      const { documents, head } = await read(Buffer.from(answer), pieceBytes)
      assert.deepEqual(documents, [
        { id: '1', source: '{"a":"ü"}' },
        { id: '2', source: '{"a":"\\""}' },
      ])
      assert.equal(head._scroll_id, 'abc==')
    }
  })

  it('refuses an answer that is cut off at any byte', async () => {
    const bytes = Buffer.from(answer)
    for (let length = 0; length < bytes.length; length++) {
      await assert.rejects(read(bytes.subarray(0, length)), refused('ANSWER_INVALID'), `${length} bytes`)
      await assert.rejects(read(bytes.subarray(0, length), 7), refused('ANSWER_INVALID'), `${length} bytes in pieces`)
    }
  })

  it('takes an answer without hits', async () => {
    const { documents } = await read(Buffer.from(`{${shards},"hits":{"total":0,"hits":[]},"pit_id":"p"}`))
    assert.deepEqual(documents, [])
  })

  it('refuses an answer of which a shard failed, and says why', async () => {
    const failures =
      '"failures":[{"shard":2,"index":"i","reason":{"type":"circuit_breaking_exception","reason":"[\\"hits\\":[] too large"}}]'
    const text = answer.replace(shards, `"_shards":{"total":3,"successful":2,"failed":1,${failures}}`)
    await assert.rejects(
      read(Buffer.from(text)),
      refused('SHARD_FAILED', /1 of 3 shards failed: circuit_breaking_exception: \["hits":\[\] too large/),
    )
  })

  it('refuses one whose failure is a text, as 1.x writes it', async () => {
    const text = answer.replace(
      shards,
      '"_shards":{"total":3,"successful":1,"failed":2,"failures":[{"status":500,"reason":"Boom[x]"}]}',
    )
    await assert.rejects(read(Buffer.from(text)), refused('SHARD_FAILED', /2 of 3 shards failed: Boom\[x\]/))
  })

  it('refuses one that lacks a shard without an active copy, as before 6.3, and takes one that passed shards over', async () => {
    for (const [told, isWhole] of [
      ['"total":2,"successful":1,"failed":0', false],
      ['"total":2,"failed":0', false],
      ['"total":2,"successful":2,"skipped":1,"failed":0', true],
    ] as const) {
      const reading = read(Buffer.from(answer.replace(shards, `"_shards":{${told}}`)))
      if (isWhole) assert.equal((await reading).documents.length, 2)
      else await assert.rejects(reading, refused('SHARD_FAILED', /of 2 shards answered/), told)
    }
  })

  it('refuses one that timed out', async () => {
    await assert.rejects(
      read(Buffer.from(answer.replace('"timed_out":false', '"timed_out":true'))),
      refused('SHARD_FAILED', /timed out/),
    )
  })

  it('finds failures that stand behind the hits', async () => {
    const sorted = `{"hits":{"hits":[${hits}]},"timed_out":false,"_shards":{"total":2,"successful":2,"failed":1}}`
    await assert.rejects(read(Buffer.from(sorted)), refused('SHARD_FAILED'))
    const late = `{"hits":{"hits":[${hits}]},"timed_out":true,${shards}}`
    await assert.rejects(read(Buffer.from(late)), refused('SHARD_FAILED'))
    assert.equal((await read(Buffer.from(sorted.replace('"failed":1', '"failed":0')))).documents.length, 2)
  })

  it('refuses one that does not speak of shards', async () => {
    await assert.rejects(read(Buffer.from(`{"hits":{"hits":[${hits}]}}`)), refused('ANSWER_INVALID', /all shards/))
  })

  it('is not misled by aggregations or names like those of the hits', async () => {
    const text = `{${shards},"aggregations":{"hits":{"hits":{"hits":[{"_id":"no"}]}}},"hits":{"total":{"hits":1},"hits":[${hits}]}}`
    assert.equal((await read(Buffer.from(text), 5)).documents.length, 2)
  })
})
