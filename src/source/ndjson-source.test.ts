import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { documentsOf, type TestDocument } from '../../test/documents/batch-of.ts'
import { looseObject } from '../../test/documents/loose-json.ts'
import { fc } from '../../test/documents/properties.ts'
import { toOneLine } from '../foundation/json-bytes.ts'
import { type NdjsonSourceOptions, openNdjsonSource } from './ndjson-source.ts'

let folder: string
let files = 0
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'indexferry-ndjson-'))
})
after(() => rm(folder, { recursive: true }))

async function fileOf(content: string | Buffer): Promise<string> {
  const file = join(folder, `f${files++}.ndjson`)
  await writeFile(file, content)
  return file
}

interface Result {
  documents: TestDocument[]
  positions: number[]
  broken: { count: number; first: string[] }
}

async function read(
  options: Omit<NdjsonSourceOptions, 'index'>,
  { after: position, batchBytes = 2 ** 21 }: { after?: number; batchBytes?: number } = {},
  seen: TestDocument[] = [],
): Promise<Result> {
  await using source = await openNdjsonSource({ index: 'i', ...options })
  const [partition] = await source.listPartitions()
  assert.ok(partition)
  const positions: number[] = []
  const { signal } = new AbortController()
  for await (const batch of source.readBatches(partition, position, { signal, batchBytes: () => batchBytes })) {
    seen.push(...documentsOf(batch))
    positions.push(batch.position)
  }
  return { documents: seen, positions, broken: source.brokenLines }
}

const readText = async (content: string | Buffer, options: Partial<NdjsonSourceOptions> = {}) =>
  (await read({ file: await fileOf(content), ...options })).documents

const fails = async (content: string | Buffer, message: RegExp, code = 'FILE_BROKEN') => {
  const seen: TestDocument[] = []
  await assert.rejects(read({ file: await fileOf(content) }, {}, seen), { code, message, side: 'file' })
  return seen
}

describe('forms of lines', () => {
  test('ours: every column comes back', async () => {
    const line =
      '{"_index":"i","_id":"1\\"","_routing":"r","_type":"t","_parent":"p","_version":3,"_seq_no":12,"_source":{"a":1.0}}\n'
    assert.deepEqual(await readText(line), [
      {
        id: '1"',
        routing: 'r',
        type: 't',
        parent: 'p',
        index: 'i',
        version: 3,
        sequenceNumber: 12,
        source: '{"a":1.0}',
      },
    ])
  })

  test('data files of elasticdump', async () => {
    const lines = [
      '{"_index":"shop","_type":"product","_id":"AV1","_score":1,"_source":{"title":"x","_source":{"y":1}}}',
      '{"_index":"shop","_type":"_doc","_id":"2","_score":null,"_routing":"k","_source":{"p":9007199254740993},"sort":[1]}',
      '{"_index":"old","_type":"order","_id":"3","_score":0,"_source":{"q":1},"fields":{"_routing":"c1","_parent":"c1"}}',
      '{"_index":"old","_type":"order","_id":"4","_score":0,"fields":{"_timestamp":1},"_source":{}}',
    ]
    assert.deepEqual(await readText(`${lines.join('\n')}\n`), [
      { id: 'AV1', type: 'product', index: 'shop', source: '{"title":"x","_source":{"y":1}}' },
      { id: '2', type: '_doc', index: 'shop', routing: 'k', source: '{"p":9007199254740993}' },
      { id: '3', type: 'order', index: 'old', routing: 'c1', parent: 'c1', source: '{"q":1}' },
      { id: '4', type: 'order', index: 'old', source: '{}' },
    ])
  })

  test('bulk files: the action, then the document', async () => {
    const lines = [
      '{"index":{"_index":"i","_id":"1","routing":"r"}}',
      '{"index":{"_id":"not an action here"}}',
      '{ "create" : { "_id" : 5, "_version" : 7, "_type":null, "pipeline":"p" } }\r',
      ' {"_source":{"a":1}} \r',
      '{"index":{}}',
      '{"b":2}',
    ]
    const documents = await readText(lines.join('\n'))
    assert.match(documents[2]?.id ?? '', /^5-/)
    assert.deepEqual(documents, [
      { id: '1', routing: 'r', index: 'i', source: '{"index":{"_id":"not an action here"}}' },
      { id: '5', version: 7, source: '{"_source":{"a":1}}' },
      { id: documents[2]?.id, source: '{"b":2}' },
    ])
    assert.match(
      await fails('{"delete":{"_id":"1"}}\n', /line 1 .* writes no whole document \(delete\)/).then(String),
      /^$/,
    )
    await fails('{"index":{"_id":"1"}}\n', /line 1: it is cut off/)
    await fails('{"index":{"_id":"1"}}\n\n{}\n', /line 2 .* behind a bulk action is no document/)
  })

  test('plain documents: the line is the source', async () => {
    const lines = [
      '{"a":1,"_id":"x"}',
      '{}',
      '{"index":{"type":"field, not action"}}',
      '{"index":5}',
      '{"fields":{"_routing":"no"}}',
    ]
    assert.deepEqual(
      (await readText(lines.join('\n'))).map(({ id: _, ...rest }) => rest),
      lines.map((source) => ({ source })),
    )
  })

  test('byte order mark, CRLF, empty lines, no line feed at the end', async () => {
    const documents = await readText('\ufeff{"_id":"1","_source":{}}\r\n\r\n  \n{"_id":"2","_source":{"\ufeff":1}}')
    assert.deepEqual(documents, [
      { id: '1', source: '{}' },
      { id: '2', source: '{"\ufeff":1}' },
    ])
    assert.deepEqual(await readText(''), [])
    assert.deepEqual(await readText('\n\n'), [])
  })
})

describe('ids of documents without', () => {
  test('are the same whenever the file is read, however it is cut into batches', async () => {
    const lines = Array.from({ length: 3000 }, (_, i) => `{"same":${i % 3}}`)
    const file = await fileOf(lines.join('\n'))
    const first = await read({ file })
    const ids = first.documents.map(({ id }) => id)
    assert.equal(new Set(ids).size, 3000)
    assert.deepEqual((await read({ file }, { batchBytes: 100 })).documents, first.documents)
    assert.deepEqual((await read({ file }, { after: 1000 })).documents, first.documents.slice(1000))
    const other = await readText('{"same":0}\n{"same":5}')
    assert.equal(other[0]?.id, ids[0])
    assert.notEqual(other[1]?.id, ids[1])
  })

  test('or come from a field', async () => {
    const lines = '{"a":{"key":"k\\"1"}}\n{"_id":"own","_source":{"a":{"key":"x"}}}\n{"a":{"x":0,"key":17}}\n'
    const documents = await readText(lines, { idField: 'a.key' })
    assert.deepEqual(
      documents.map(({ id }) => id),
      ['k"1', 'own', '17'],
    )
    const file = await fileOf('{"a":{"key":1}}\n{"a":{"key":null}}\n')
    await assert.rejects(read({ file, idField: 'a.key' }), { code: 'FILE_BROKEN', message: /line 2 .*"a.key"/ })
    const { documents: kept, broken } = await read({ file, idField: 'a.key', skipBrokenLines: true })
    assert.deepEqual([kept.length, broken.count], [1, 1])
  })
})

describe('any documents, any batches, any compression', () => {
  test('come back byte for byte, once each, and from every position on', async () => {
    const compressions = [
      (text: string) => Buffer.from(text),
      (text: string) => gzipSync(text),
      (text: string) => zstdCompressSync(text),
      (text: string) => Buffer.concat(text.split(/(?<=\n)/).map((line) => zstdCompressSync(line))),
      (text: string) => Buffer.concat(text.split(/(?<=\n)/).map((line) => gzipSync(line))),
    ]
    await fc.assert(
      fc.asyncProperty(
        fc.array(looseObject, { maxLength: 12 }),
        fc.integer({ min: 1, max: 300 }),
        fc.constantFrom(...compressions),
        async (objects, batchBytes, compress) => {
          const sources = objects.map((text) => toOneLine(Buffer.from(text)).toString())
          const lines = sources.map((source, i) => `{"_id":"${i}","_source":${source}}\n`)
          const file = await fileOf(compress(lines.join('')))
          const expected = sources.map((source, i) => ({ id: `${i}`, source }))
          const { documents, positions } = await read({ file }, { batchBytes })
          assert.deepEqual(documents, expected)
          for (const after of [0, ...positions]) {
            assert.deepEqual((await read({ file }, { batchBytes, after })).documents, expected.slice(after))
          }
          await rm(file)
        },
      ),
      { numRuns: 150 },
    )
  })

  test('large documents, with small ones around', { timeout: 60_000 }, async () => {
    for (const [megabytes, compress] of [
      [5, (text: Buffer) => text],
      [50, (text: Buffer) => text],
      [50, zstdCompressSync],
      [50, gzipSync],
    ] as const) {
      const large = `{"text":"${'ab\\"c'.repeat((megabytes * 1024 * 1024) / 5)}"}`
      const text = Buffer.from(
        `{"_id":"1","_source":{}}\n{"_id":"2","_source":${large}}\n{"_id":"3","_source":{"z":1}}\n`,
      )
      const { documents } = await read({ file: await fileOf(compress(text)) })
      assert.deepEqual(
        documents.map(({ id }) => id),
        ['1', '2', '3'],
      )
      assert.ok(documents[1]?.source === large)
    }
    const file = await fileOf(`{"a":"${'x'.repeat(3000)}"}\n`)
    await assert.rejects(read({ file, lineBytesMax: 1000 }, { batchBytes: 100 }), {
      code: 'DOCUMENT_TOO_LARGE',
      message: /line 1 .* longer than 1000 bytes/,
    })
  })
})

describe('standard input', () => {
  test('in pieces of any size, once', async () => {
    const lines = Array.from({ length: 200 }, (_, i) => `{"_id":"${i}","_source":{"n":${i}}}\n`).join('')
    for (const packed of [Buffer.from(lines), gzipSync(lines), zstdCompressSync(lines)]) {
      for (const size of [1, 7, 10_000]) {
        const pieces: Buffer[] = []
        for (let at = 0; at < packed.length; at += size) pieces.push(packed.subarray(at, at + size))
        const { documents } = await read({ file: '-', input: Readable.from(pieces, { objectMode: false }) })
        assert.equal(documents.length, 200)
        assert.deepEqual(documents[199], { id: '199', source: '{"n":199}' })
      }
    }
    const source = await openNdjsonSource({ file: '-', input: Readable.from([]), index: 'i' })
    assert.equal(source.isResumable, false)
    const readOnce = async () => {
      const options = { signal: new AbortController().signal, batchBytes: () => 100 }
      for await (const _ of source.readBatches({ kind: 'file', id: 'file', index: 'i' }, undefined, options));
    }
    await readOnce()
    await assert.rejects(readOnce(), { code: 'FILE_UNREADABLE', message: /once/ })
  })

  test('an abort ends the wait for standard input', async () => {
    const input = new Readable({ read() {} })
    const source = await openNdjsonSource({ file: '-', input, index: 'i' })
    const abort = new AbortController()
    const options = { signal: abort.signal, batchBytes: () => 100 }
    const reading = source
      .readBatches({ kind: 'file', id: 'file', index: 'i' }, undefined, options)
      [Symbol.asyncIterator]()
    const next = reading.next()
    input.push('{"_id":"1","_source":{}}\n')
    setImmediate(() => abort.abort(new Error('stopped by the test')))
    await assert.rejects(next, /stopped by the test/)
  })
})

describe('bad input', () => {
  test('a broken line is named with what is wrong, after the documents before it', async () => {
    const cases: [string, RegExp][] = [
      ['{"_id":"2","_source":{"a":1}', /line 2 of .* is not a document: .*the line ends there/],
      ['{"_id":"2","_source":{"a":1}} x', /line 2 .* something stands behind the document: found "\s?x/],
      ['{"_id":"2","_source":{"a":1}}}', /something stands behind/],
      ['{"_id":"2" "_source":{}}', /line 2 .* not valid JSON: found "\\"_source\\":{}}"/],
      ['{"_id":"2","_source":null}', /_source is not an object/],
      ['{"_index":"i","_id":"2"}', /no _source/],
      ['[1]', /JSON array/],
      ['hello', /not a JSON object: found "hello"/],
      ['"text"', /not a JSON object/],
      ['\0\0\0\0', /not UTF-8/],
    ]
    for (const [line, message] of cases) {
      const content = `{"_id":"1","_source":{}}\n${line}\n{"_id":"3","_source":{}}\n`
      assert.deepEqual(await fails(content, message), [{ id: '1', source: '{}' }])
      const { documents, broken } = await read({ file: await fileOf(content), skipBrokenLines: true })
      assert.deepEqual(
        documents.map(({ id }) => id),
        ['1', '3'],
      )
      assert.equal(broken.count, 1)
      assert.match(broken.first[0] ?? '', message)
    }
  })

  test('a file cut off at any byte is found out, and nothing of the cut line is delivered', async () => {
    const lines = [1, 2, 3].map((i) => `{"_id":"${i}","_source":{"a":"x\\"y","b":[{}]}}\n`)
    const whole = Buffer.from(lines.join(''))
    const ends = [1, 2, 3].map((count) => lines.slice(0, count).join('').length)
    for (let length = 1; length < whole.length; length++) {
      const complete = ends.filter((end) => end <= length + 1).length
      const isBetween = [0, ...ends].some((end) => length === end || length === end - 1)
      const content = whole.subarray(0, length)
      if (isBetween) assert.equal((await readText(content)).length, complete)
      else
        assert.equal(
          (await fails(content, new RegExp(`in the middle of line ${complete + 1}: it is cut off`))).length,
          complete,
        )
    }
  })

  test('a packed file cut off or damaged', async () => {
    const lines = Array.from({ length: 5000 }, (_, i) => `{"_id":"${i}","_source":{"n":${Math.sin(i)}}}\n`).join('')
    for (const packed of [
      gzipSync(lines),
      zstdCompressSync(lines),
      Buffer.concat([zstdCompressSync('{}\n'), zstdCompressSync(lines)]),
    ]) {
      for (const length of [packed.length - 1, packed.length >> 1, 30]) {
        const seen = await fails(packed.subarray(0, length), /is cut off: its (gzip|zstd) stream ends too early/)
        assert.ok(seen.length <= 5001)
        for (const { source } of seen) assert.match(source, /^\{("n":[-\d.e]+)?\}$/)
      }
      await fails(Buffer.concat([packed, Buffer.from('garbage')]), /is damaged/)
    }
    const damaged = zstdCompressSync(lines)
    damaged.fill(0x55, 1000, 1100)
    await fails(damaged, /is damaged|not a document|cut off/)
  })

  test('a file that is not there, or a folder', async () => {
    await assert.rejects(openNdjsonSource({ file: join(folder, 'none'), index: 'i' }), {
      code: 'FILE_UNREADABLE',
      message: /there is no such file/,
    })
    await assert.rejects(openNdjsonSource({ file: folder, index: 'i' }), { code: 'FILE_UNREADABLE', message: /folder/ })
  })
})
