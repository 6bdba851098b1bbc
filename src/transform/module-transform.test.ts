import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { batchOf, documentsOf, type TestDocument } from '../../test/documents/batch-of.ts'
import { loadModuleTransform } from './module-transform.ts'

let folder: string
let files = 0
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'indexferry-module-'))
})
after(() => rm(folder, { recursive: true }))

async function load(code: string, extension = 'mjs') {
  const file = join(folder, `module-${files++}.${extension}`)
  await writeFile(file, code)
  return loadModuleTransform(file)
}

async function run(code: string, documents: TestDocument[]) {
  const transform = await load(code)
  return documentsOf(await transform.apply(batchOf(documents)))
}

describe('loadModuleTransform', () => {
  test('numbers keep their text, wherever they stand', async () => {
    const source = '{"a":9007199254740993,"b":[1.0,1e400,-0,1E5],"c":{"d":0.10},"e":7,"f":"1.0"}'
    const [result] = await run('export default (document) => ({ ...document, g: 2n ** 70n })', [{ id: '1', source }])
    assert.equal(result?.source, source.replace(/}$/, ',"g":1180591620717411303424}'))
  })

  test('null drops a document; id and routing can be changed and taken away', async () => {
    const documents = [
      { id: '1', routing: 'r', type: 't', index: 'i', version: 4, source: '{"n":1}' },
      { id: '2', routing: 'r', source: '{"n":2}' },
      { id: '3', source: '{"n":3}' },
      { source: '{"n":4}' },
    ]
    const code = `export async function transform(document, meta) {
      if (document.n === 1) { meta.id = meta.index + '"' + meta.type; meta.routing = 'new' }
      if (document.n === 2) delete meta.routing
      if (document.n === 4) meta.id = 'made'
      return document.n === 3 ? null : document
    }`
    assert.deepEqual(await run(code, documents), [
      { id: 'i"t', routing: 'new', type: 't', index: 'i', version: 4, source: '{"n":1}' },
      { id: '2', source: '{"n":2}' },
      { id: 'made', source: '{"n":4}' },
    ])
  })

  test('modules in TypeScript', async () => {
    const transform = await load('export default (d: { n: number }): object => ({ n: d.n + 1 })', 'ts')
    assert.equal(documentsOf(await transform.apply(batchOf([{ source: '{"n":1}' }])))[0]?.source, '{"n":2}')
  })

  test('a module that cannot be used', async () => {
    await assert.rejects(loadModuleTransform(join(folder, 'missing.mjs')), { code: 'CONFIG_INVALID' })
    await assert.rejects(load('export default {'), { code: 'CONFIG_INVALID' })
    await assert.rejects(load('export const other = 1'), { code: 'CONFIG_INVALID', message: /exports no function/ })
  })

  test('whatever goes wrong names the document', async () => {
    const bad = [
      ['() => { throw new Error("no luck") }', /threw "no luck" for document x/],
      ['async () => { throw new Error("no luck") }', /threw "no luck" for document x/],
      ['() => 5', /returned number/],
      ['() => undefined', /returned undefined/],
      ['() => []', /returned an array/],
      ['() => new Date(0)', /no JSON object/],
      ['(d) => { d.d = d; return d }', /cannot be printed/],
      ['(d, meta) => { meta.id = 5; return d }', /meta.id/],
    ] as const
    for (const [code, message] of bad) {
      await assert.rejects(run(`export default ${code}`, [{ id: 'x', source: '{}' }]), {
        code: 'TRANSFORM_FAILED',
        message,
      })
    }
    await assert.rejects(run('export default (d) => d', [{ id: 'x', source: '{/* c */}' }]), {
      code: 'TRANSFORM_FAILED',
      message: /not strict JSON/,
    })
  })
})
