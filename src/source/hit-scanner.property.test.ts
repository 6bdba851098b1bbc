// Whatever documents lie in an answer and wherever it is cut into chunks, the same documents come out, byte for byte.
//
// Method: random hits with loose JSON (comments, raw control characters, runs of backslashes, duplicate keys), cut at random places,
// batches taken at random. Not modelled: hits that no server would print.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { documentsOf } from '../../test/documents/batch-of.ts'
import { looseObject } from '../../test/documents/loose-json.ts'
import { fc } from '../../test/documents/properties.ts'
import { scanHits } from '../../test/documents/scan-hits.ts'
import { IndexferryError } from '../foundation/errors.ts'
import { readSearchAnswer } from './search-answer.ts'

/** Strings whose ends are hard to tell, around the length at which the scanner searches natively. */
const oddString = fc
  .array(fc.constantFrom('\\\\', '\\"', '\\u0022', 'x', '}', ']', '/*', '//', '\n', '\u0001', 'ü', '0123456789'), {
    maxLength: 30,
  })
  .map((parts) => `"${parts.join('')}"`)

const oddObject = fc.oneof(
  looseObject,
  fc.array(fc.tuple(oddString, oddString), { maxLength: 4 }).map((members) => {
    return `{${members.map(([key, value]) => `${key}:[${value},{${key}:${value}}]`).join(',')}}`
  }),
)

const document = fc.record(
  {
    id: fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
    routing: fc.string({ maxLength: 10 }),
    sequenceNumber: fc.nat(),
    source: oddObject,
  },
  { requiredKeys: ['id', 'source'] },
)
type Document = { id: string; routing?: string; sequenceNumber?: number; source: string }

function printHit({ id, routing, sequenceNumber, source }: Document): string {
  const seqNo = sequenceNumber === undefined ? '' : `"_seq_no":${sequenceNumber},`
  const routed = routing === undefined ? '' : `,"_routing":${JSON.stringify(routing)}`
  return `{"_index":"i","_id":${JSON.stringify(id)},${seqNo}"_score":null${routed},"_source":${source},"sort":[1]}`
}

const documents = fc.array(document, { minLength: 1, maxLength: 8 })
const bytesOf = (all: readonly Document[]) => Buffer.from(`${all.map(printHit).join(',')}]}}`)

function piecesOf(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set([0, ...cuts.map((cut) => cut % bytes.length), bytes.length])].sort((a, b) => a - b)
  return places.slice(1).map((end, n) => bytes.subarray(places[n], end))
}

const withoutIndex = (batches: ReturnType<typeof scanHits>['batches']) =>
  batches.flatMap(documentsOf).map(({ index: _, ...rest }) => rest)

describe('the hit scanner, whatever comes', () => {
  it('finds the same documents wherever the answer is cut', () => {
    fc.assert(
      fc.property(documents, fc.array(fc.nat()), fc.array(fc.boolean()), (all, cuts, takes) => {
        const { batches, scanner } = scanHits(piecesOf(bytesOf(all), cuts), (n) => takes[n % takes.length] ?? false)
        assert.deepEqual(
          withoutIndex(batches),
          all.map((one) => ({ ...one })),
        )
        assert.equal(scanner.rest().toString(), '}}')
      }),
      { numRuns: 1_000 },
    )
  })

  it('finds them byte by byte', () => {
    fc.assert(
      fc.property(documents, (all) => {
        const bytes = bytesOf(all)
        const { batches } = scanHits(Array.from(bytes, (_, n) => bytes.subarray(n, n + 1)))
        assert.deepEqual(
          withoutIndex(batches),
          all.map((one) => ({ ...one })),
        )
      }),
      { numRuns: 200 },
    )
  })
})

/** Pieces of answers in any order: nearer to what confuses a reader than bytes at random. */
const rubble = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"',
        '\\',
        '/',
        '/*',
        '*/',
        '\n',
        '"hits":',
        '"hits":[',
        '{"_id":"1"',
        '1',
      ),
      fc.constantFrom(
        '"_shards":{"total":1,"successful":1,"failed":0}',
        '"_source":{}',
        '"fields":{"_routing":"r"}',
        '"sort":[',
        '"fields":[',
      ),
      fc.string({ maxLength: 5 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.from(parts.join('')))

describe('the reader of search answers, whatever comes', () => {
  it('lets only errors of its own out, and ends', async () => {
    const head = Buffer.from('{"_shards":{"total":1,"successful":1,"failed":0},"hits":{"hits":[')
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      rubble,
      rubble.map((bytes) => Buffer.concat([head, bytes])),
      fc.tuple(documents, rubble, fc.nat()).map(([all, noise, place]) => {
        const bytes = Buffer.concat([head, bytesOf(all)])
        const at = place % bytes.length
        return Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)])
      }),
    )
    await fc.assert(
      fc.asyncProperty(anything, fc.array(fc.nat(), { maxLength: 5 }), async (bytes, cuts) => {
        const body = (async function* () {
          if (bytes.length > 0) yield* piecesOf(bytes, cuts)
        })()
        try {
          const options = { side: 'source', batchBytes: 50, hitBytesMax: 1_000_000 } as const
          for await (const batch of readSearchAnswer(body, options)) assert.ok(batch.count > 0)
        } catch (error) {
          assert.ok(error instanceof IndexferryError, String(error))
        }
      }),
      { numRuns: 3_000 },
    )
  })
})
