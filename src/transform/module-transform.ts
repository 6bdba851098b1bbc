// Changes documents by a JavaScript module of the user.
//
//     export default function transform(document, meta) {
//       if (document.internal) return null          // not written; counted as skipped
//       meta.id = `${meta.type}-${meta.id}`         // id and routing may be changed, type and index only read
//       document.copied = true
//       return document
//     }
//
// Only here are documents parsed. A number whose text JavaScript would print in another way (9007199254740993, 1.0, 1e400)
// comes as a raw JSON value, which is printed again as it was; `JSON.isRawJSON(value)` tells, `value.rawJSON` is its text.
// A BigInt that the module returns is printed as a whole number. What does not survive parsing: spaces between tokens,
// escapes that are not needed, all but the last of several fields of one name, and the place of fields whose names are whole numbers,
// which come first. The function must give the same answer for the same document each time, because a
// verification calls it again. It may be async.
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { IndexferryError } from '../foundation/errors.ts'
import { parseExactJson, printExactJson } from '../foundation/exact-json.ts'
import { encodeJsonString } from '../foundation/json-bytes.ts'
import { ABSENT, type DocumentBatch } from '../model/document-batch.ts'
import { BatchRewriter } from './batch-rewriter.ts'
import type { DocumentTransform } from './document-transform.ts'

/** What the function is told beside the document. */
export interface DocumentMeta {
  id: string | undefined
  readonly index: string | undefined
  routing: string | undefined
  readonly type: string | undefined
}

type ModuleFunction = (document: unknown, meta: DocumentMeta) => unknown

/** Loads a module (.js, .mjs, .ts) with a default export or an export `transform` that is a function. */
export async function loadModuleTransform(file: string): Promise<DocumentTransform> {
  const transform = await loadFunction(file)
  return { changes: 'bytes', apply: (batch) => transformBatch(batch, transform, file) }
}

async function loadFunction(file: string): Promise<ModuleFunction> {
  let loaded: Record<string, unknown>
  try {
    loaded = (await import(pathToFileURL(resolve(file)).href)) as Record<string, unknown>
  } catch (cause) {
    throw new IndexferryError('CONFIG_INVALID', `the transform module ${file} cannot be loaded: ${messageOf(cause)}`, {
      remedy:
        'Check the path; it must be an ES module (.mjs, .js beside a package.json with "type": "module", or .ts).',
      cause,
    })
  }
  const found = loaded.default ?? loaded.transform
  if (typeof found === 'function') return found as ModuleFunction
  throw new IndexferryError('CONFIG_INVALID', `the transform module ${file} exports no function`, {
    remedy: 'Export one: `export default function transform(document, meta) { … return document }`.',
  })
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

async function transformBatch(batch: DocumentBatch, transform: ModuleFunction, file: string): Promise<DocumentBatch> {
  const rewriter = new BatchRewriter(batch, 64)
  for (let row = 0; row < batch.count; row++) {
    const fail = (problem: string, cause?: unknown): never => {
      const id = batch.id(row)
      throw new IndexferryError('TRANSFORM_FAILED', `the transform module ${file} ${problem} for document ${id}`, {
        fields: { id },
        cause,
      })
    }
    const meta = readMeta(batch, row)
    const before = { ...meta }
    const document = parseDocument(batch, row, fail)
    let changed: unknown
    try {
      changed = transform(document, meta)
      if (changed instanceof Promise) changed = await changed
    } catch (cause) {
      fail(`threw "${messageOf(cause)}"`, cause)
    }
    if (changed === null) continue
    if (typeof changed !== 'object' || Array.isArray(changed)) {
      fail(`returned ${Array.isArray(changed) ? 'an array' : typeof changed} instead of a document or null`)
    }
    writeDocument(rewriter, row, printDocument(changed as object, fail), before, meta, fail)
  }
  return rewriter.finish()
}

type Fail = (problem: string, cause?: unknown) => never

function readMeta(batch: DocumentBatch, row: number): DocumentMeta {
  const text = (column: 'id' | 'index' | 'routing' | 'type') =>
    batch.text(batch[`${column}Start`][row] as number, batch[`${column}End`][row] as number)
  return { id: text('id'), index: text('index'), routing: text('routing'), type: text('type') }
}

function parseDocument(batch: DocumentBatch, row: number, fail: Fail): unknown {
  if (batch.sourceStart[row] === ABSENT) return fail('was not called, because there is no source')
  try {
    return parseExactJson(batch.source(row).toString())
  } catch (cause) {
    // Servers take comments in documents, JSON.parse does not.
    return fail(`was not called, because the source is not strict JSON (${messageOf(cause)}),`, cause)
  }
}

function printDocument(document: object, fail: Fail): Buffer {
  let text: string | undefined
  try {
    text = printExactJson(document)
  } catch (cause) {
    fail(`returned something that cannot be printed as JSON (${messageOf(cause)})`, cause)
  }
  if (text === undefined || !text.startsWith('{')) return fail('returned something that is no JSON object')
  return Buffer.from(text)
}

function writeDocument(
  rewriter: BatchRewriter,
  row: number,
  source: Buffer,
  before: DocumentMeta,
  meta: DocumentMeta,
  fail: Fail,
): void {
  const carried = rewriter.carry(row)
  for (const name of ['id', 'routing'] as const) {
    const value: unknown = meta[name]
    if (value === before[name]) continue
    if (value === undefined || value === null) {
      rewriter.clear(name, carried)
      continue
    }
    if (typeof value !== 'string' || value === '') fail(`set meta.${name} to something that is no text or empty`)
    const start = rewriter.sink.length
    rewriter.sink.append(encodeJsonString(value as string).subarray(1, -1))
    rewriter.set(name, carried, start)
  }
  const start = rewriter.sink.length
  rewriter.sink.append(source)
  rewriter.set('source', carried, start)
}
