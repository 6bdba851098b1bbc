import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { batchOf, type TestDocument } from '../../test/documents/batch-of.ts'
import { looseObject } from '../../test/documents/loose-json.ts'
import { fc } from '../../test/documents/properties.ts'
import { unpackZstd } from '../../test/documents/unpack-zstd.ts'
import { toOneLine } from '../foundation/json-bytes.ts'
import { type NdjsonTargetOptions, openNdjsonTarget } from './ndjson-target.ts'

const { signal } = new AbortController()
let folder: string
let files = 0
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'indexferry-ndjson-target-'))
})
after(() => rm(folder, { recursive: true }))

const newFile = (extension = 'ndjson') => join(folder, `f${files++}.${extension}`)

const unpack = (file: string, bytes: Buffer): Buffer =>
  file.endsWith('.gz') ? gunzipSync(bytes) : file.endsWith('.zst') ? unpackZstd(bytes) : bytes

const readFinal = async (file: string) => unpack(file, await readFile(file)).toString()

async function write(file: string, batches: TestDocument[][], options: Partial<NdjsonTargetOptions> = {}) {
  await using target = await openNdjsonTarget({ file, ...options })
  for (const documents of batches) await target.writeBatch(batchOf(documents), signal)
  await target.finish()
}

const lineOf = (id: string, source: string) => `{"_id":"${id}","_source":${source}}\n`

describe('lines', () => {
  test('every column, and sources of several lines', async () => {
    const file = newFile()
    await write(
      file,
      [
        [
          {
            id: '1"',
            routing: 'r',
            type: 't',
            parent: 'p',
            index: 'own',
            version: 3,
            sequenceNumber: 12,
            source: '{\n"a":1.0}',
          },
          { source: '{"b":9007199254740993}' },
          { id: '3', source: '{"c":// c\n1e400}' },
        ],
      ],
      { index: 'by"default' },
    )
    assert.equal(
      await readFinal(file),
      '{"_index":"own","_id":"1\\"","_routing":"r","_type":"t","_parent":"p","_version":3,"_seq_no":12,"_source":{ "a":1.0}}\n' +
        '{"_index":"by\\"default","_source":{"b":9007199254740993}}\n' +
        '{"_index":"by\\"default","_id":"3","_source":{"c":// c\r1e400}}\n',
    )
  })

  test('any sources, any batches, any compression: one line for each, bytes as they were', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(looseObject, { maxLength: 5 }), { maxLength: 4 }),
        fc.constantFrom('ndjson', 'ndjson.gz', 'ndjson.zst'),
        async (batches, extension) => {
          const file = newFile(extension)
          await write(
            file,
            batches.map((sources) => sources.map((source, i) => ({ id: `${i}`, source }))),
          )
          const lines = batches.map((sources) =>
            sources.map((source, i) => lineOf(`${i}`, toOneLine(Buffer.from(source)).toString())),
          )
          assert.equal(await readFinal(file), lines.flat().join(''))
          await rm(file)
        },
      ),
      { numRuns: 100 },
    )
  })
})

describe('the file', () => {
  test('has its name only when it is complete, and an existing one stays until then', async () => {
    const file = newFile()
    {
      await using target = await openNdjsonTarget({ file })
      await target.writeBatch(batchOf([{ id: '1', source: '{}' }]), signal)
      assert.ok(!existsSync(file))
    }
    assert.ok(!existsSync(file) && existsSync(`${file}.part`))
    await write(file, [[{ id: '2', source: '{}' }]])
    assert.equal(await readFinal(file), lineOf('2', '{}'))
    assert.ok(!existsSync(`${file}.part`))
    await assert.rejects(openNdjsonTarget({ file }), {
      code: 'FILE_UNREADABLE',
      message: /is there already/,
      remedy: /--overwrite/,
    })
    await using target = await openNdjsonTarget({ file, overwrite: true })
    await target.writeBatch(batchOf([{ id: '3', source: '{}' }]), signal)
    assert.equal(await readFinal(file), lineOf('2', '{}'))
    await target.finish()
    assert.equal(await readFinal(file), lineOf('3', '{}'))
  })

  test('that came to be there during the copy is not replaced', async () => {
    const file = newFile()
    await using target = await openNdjsonTarget({ file })
    await writeFile(file, 'precious')
    await assert.rejects(target.finish(), { code: 'FILE_UNREADABLE', message: /is there already/ })
    assert.equal(await readFile(file, 'utf8'), 'precious')
    assert.ok(existsSync(`${file}.part`))
  })

  test('cannot be written', async () => {
    await assert.rejects(openNdjsonTarget({ file: join(folder, 'no', 'such', 'folder.ndjson') }), {
      code: 'FILE_UNREADABLE',
      message: /its folder is not there/,
    })
    await assert.rejects(openNdjsonTarget({ file: folder }), { code: 'FILE_UNREADABLE', message: /it is a folder/ })
  })

  test('full disk', { skip: !existsSync('/dev/full') }, async () => {
    await using target = await openNdjsonTarget({ file: '/dev/full' })
    const batch = () => target.writeBatch(batchOf([{ id: '1', source: '{}' }]), signal)
    await assert.rejects(batch(), { code: 'FILE_UNREADABLE', message: /the disk is full/ })
    await assert.rejects(batch(), { code: 'FILE_UNREADABLE' })
    assert.deepEqual(
      (await readdir('/dev')).filter((name) => name.startsWith('full')),
      ['full'],
    )
  })

  test('is a valid packed file also without documents', async () => {
    for (const extension of ['gz', 'zst', 'ndjson']) {
      const file = newFile(extension)
      await write(file, [])
      assert.equal(await readFinal(file), '')
      if (extension !== 'ndjson') assert.ok((await readFile(file)).length > 4)
    }
  })
})

describe('going on after a crash at any moment', () => {
  // Property: whatever was written behind the last batch that the checkpoint knows of, whole or in part, the file holds each
  // document once in the end. Method: write, tear the part file anywhere at or behind the checkpoint, resume. Modelled: the crash.
  for (const extension of ['ndjson', 'ndjson.gz', 'ndjson.zst']) {
    test(extension, async () => {
      const batches = Array.from({ length: 6 }, (_, b) =>
        Array.from({ length: 4 }, (_, i) => ({ id: `${b}-${i}`, source: `{"n":${b * i}}` })),
      )
      const expected = batches
        .flat()
        .map(({ id, source }) => lineOf(id, source))
        .join('')
      await fc.assert(
        fc.asyncProperty(fc.nat(6), fc.nat(6), fc.nat(200), async (known, more, torn) => {
          const file = newFile(extension)
          let resumeFrom = {} as NdjsonTargetOptions['resumeFrom']
          resumeFrom = { offset: 0 }
          let size = 0
          {
            await using target = await openNdjsonTarget({ file })
            for (const [i, documents] of batches.slice(0, known + more).entries()) {
              const { resumeAt } = await target.writeBatch(batchOf(documents), signal)
              assert.ok(resumeAt)
              size = (resumeAt as { offset: number }).offset
              if (i < known) resumeFrom = resumeAt
            }
            await target.flush()
          }
          const { offset } = resumeFrom as { offset: number }
          await truncate(`${file}.part`, Math.max(offset, size - torn))
          await write(file, batches.slice(known), { resumeFrom })
          assert.equal(await readFinal(file), expected)
          await rm(file)
        }),
        { numRuns: 60 },
      )
    })
  }

  test('between the new name and its note in the catalog', async () => {
    const file = newFile()
    await write(file, [[{ id: '1', source: '{}' }], [{ id: '2', source: '{}' }]])
    await write(file, [[{ id: '2', source: '{}' }]], { resumeFrom: { offset: lineOf('1', '{}').length } })
    assert.equal(await readFinal(file), lineOf('1', '{}') + lineOf('2', '{}'))
  })

  test('with a part file that is gone or too short', async () => {
    const file = newFile()
    await assert.rejects(openNdjsonTarget({ file, resumeFrom: { offset: 5 } }), {
      code: 'FILE_BROKEN',
      message: /no longer there/,
    })
    await writeFile(`${file}.part`, '1234')
    await assert.rejects(openNdjsonTarget({ file, resumeFrom: { offset: 5 } }), {
      code: 'FILE_BROKEN',
      message: /shorter/,
    })
    assert.equal(await readFile(`${file}.part`, 'utf8'), '1234')
    await assert.rejects(openNdjsonTarget({ file, resumeFrom: 'x' }), { code: 'STATE_UNUSABLE' })
  })
})

describe('many batches at once', () => {
  test('are written in the order in which they were given, and ready() waits for them', async () => {
    const file = newFile('ndjson.zst')
    await using target = await openNdjsonTarget({ file })
    const filler = 'x'.repeat(2 ** 20)
    const order: number[] = []
    const writes = Array.from({ length: 40 }, (_, i) =>
      target
        .writeBatch(batchOf([{ id: `${i}`, source: i % 3 === 0 ? `{"f":"${filler}"}` : '{}' }]), signal)
        .then(() => order.push(i)),
    )
    writes.push(
      ...Array.from({ length: 10 }, (_, i) =>
        target
          .writeBatch(batchOf([{ id: `${40 + i}`, source: `{"f":"${filler}"}` }]), signal)
          .then(() => order.push(40 + i)),
      ),
    )
    assert.equal(target.limitedBy, 'writing the file')
    await target.ready(signal)
    assert.equal(target.limitedBy, undefined)
    await Promise.all(writes)
    await target.finish()
    assert.deepEqual(
      order,
      Array.from({ length: 50 }, (_, i) => i),
    )
    const ids = (await readFinal(file))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)._id)
    assert.deepEqual(ids, order.map(String))
  })
})

describe('standard output', { timeout: 30_000 }, () => {
  test('is written with backpressure and has nothing to resume', async () => {
    const output = new PassThrough({ readableHighWaterMark: 10 })
    const target = await openNdjsonTarget({ file: '-', output })
    let isWritten = false
    const writing = target.writeBatch(batchOf([{ id: '1', source: '{}' }]), signal).then((result) => {
      isWritten = true
      return result
    })
    await new Promise(setImmediate)
    assert.ok(!isWritten)
    assert.equal(output.read().toString(), lineOf('1', '{}'))
    assert.deepEqual(await writing, { written: 1, unchanged: 0, rejected: [] })
    await target.finish()
    await target[Symbol.asyncDispose]()
    assert.ok(!output.writableEnded)
  })

  test('that fails says so, now and later', async () => {
    const output = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
      },
    })
    const target = await openNdjsonTarget({ file: '-', output })
    const batch = () => target.writeBatch(batchOf([{ id: '1', source: '{}' }]), signal)
    await assert.rejects(batch(), { code: 'FILE_UNREADABLE', message: /closed by the program that reads it/ })
    await assert.rejects(batch(), { code: 'FILE_UNREADABLE' })
    await target[Symbol.asyncDispose]()
  })

  test('a real pipe whose reader goes away', async () => {
    const program = join(import.meta.dirname, '..', '..', 'test', 'documents', 'endless-lines.ts')
    const command = `"${process.execPath}" "${program}" | head -n 1`
    const { stdout, stderr } = await promisify(execFile)('sh', ['-c', command])
    assert.match(stdout, /^\{"_id":"1","_source":\{"filler":"x+"\}\}\n$/)
    assert.equal(stderr.trim(), 'FILE_UNREADABLE standard output was closed by the program that reads it')
  })
})
