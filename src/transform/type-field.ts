// Several mapping types merged into one index: the type, and the parent where there is one, go into fields of the document, since
// the target version has no place of its own for them. The fields are put in front of the others; nothing is parsed.
import { IndexferryError } from '../foundation/errors.ts'
import { encodeJsonString, equalsBytes, MemberCursor, skipSpace } from '../foundation/json-bytes.ts'
import { ABSENT, type DocumentBatch } from '../model/document-batch.ts'
import { BatchRewriter } from './batch-rewriter.ts'
import type { DocumentTransform } from './document-transform.ts'

export interface TypeFieldOptions {
  /** The field that gets the mapping type of each document. */
  readonly typeField?: string
  /** The field that gets the id of each document's parent; documents without a parent do not get it. */
  readonly parentField?: string
  /** Whether ids become `TYPE#ID`: two types may hold the same id, one index may not. */
  readonly idPrefix?: boolean
}

const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const HASH = Buffer.from('#')
const QUOTE_AND_COMMA = Buffer.from('",')
const QUOTE = Buffer.from('"')

export function createTypeField({ typeField, parentField, idPrefix = false }: TypeFieldOptions): DocumentTransform {
  const fields: Field[] = []
  if (typeField !== undefined) fields.push(describeField('type', typeField))
  if (parentField !== undefined) fields.push(describeField('parent', parentField))
  if (fields.length === 0 && !idPrefix) return { changes: 'none', apply: (batch) => batch }
  const members = new MemberCursor()
  const prefixBytes = fields.reduce((sum, field) => sum + field.prefix.length + 40, idPrefix ? 24 : 0)
  return {
    changes: 'bytes',
    apply(batch) {
      const rewriter = new BatchRewriter(batch, prefixBytes)
      for (let row = 0; row < batch.count; row++) {
        const carried = rewriter.carry(row)
        if (idPrefix) prefixId(batch, row, rewriter, carried)
        refuseTakenFields(batch, row, fields, members)
        const start = rewriter.sink.length
        writeSource(batch, row, fields, rewriter)
        if (rewriter.sink.length > start) rewriter.set('source', carried, start)
      }
      return rewriter.finish()
    },
  }
}

interface Field {
  readonly column: 'type' | 'parent'
  readonly name: string
  /** The name as it stands between the quotes. */
  readonly content: Buffer
  /** `"name":"` */
  readonly prefix: Buffer
}

function describeField(column: Field['column'], name: string): Field {
  const key = encodeJsonString(name)
  return { column, name, content: key.subarray(1, -1), prefix: Buffer.concat([key, Buffer.from(':"')]) }
}

function prefixId(batch: DocumentBatch, row: number, rewriter: BatchRewriter, carried: number): void {
  if (batch.typeStart[row] === ABSENT || batch.idStart[row] === ABSENT) return
  const start = rewriter.sink.length
  rewriter.sink.copy(batch.bytes, batch.typeStart[row] as number, batch.typeEnd[row] as number)
  rewriter.sink.append(HASH)
  rewriter.sink.copy(batch.bytes, batch.idStart[row] as number, batch.idEnd[row] as number)
  rewriter.set('id', carried, start)
}

/** Servers since 6.0 refuse a document with two fields of one name, older ones keep either: so it must not come to that. */
function refuseTakenFields(batch: DocumentBatch, row: number, fields: readonly Field[], members: MemberCursor): void {
  if (batch.sourceStart[row] === ABSENT || fields.length === 0) return
  const end = batch.sourceEnd[row] as number
  members.open(batch.bytes, skipSpace(batch.bytes, batch.sourceStart[row] as number, end), end)
  while (members.next()) {
    for (const { column, name, content } of fields) {
      if (batch[`${column}Start`][row] === ABSENT) continue
      if (!equalsBytes(batch.bytes, members.keyStart, members.keyEnd, content)) continue
      throw new IndexferryError('TRANSFORM_FAILED', `document ${batch.id(row)} has a field "${name}" already`, {
        remedy: `Give another name for the ${column} with --${column}-field.`,
        fields: { id: batch.id(row), field: name },
      })
    }
  }
}

function writeSource(batch: DocumentBatch, row: number, fields: readonly Field[], { sink }: BatchRewriter): void {
  const { bytes } = batch
  const start = batch.sourceStart[row] as number
  if (start === ABSENT) return
  const end = batch.sourceEnd[row] as number
  const brace = skipSpace(bytes, start, end)
  if (brace >= end || bytes[brace] !== OPEN_BRACE) {
    throw new IndexferryError('TRANSFORM_FAILED', `the source of document ${batch.id(row)} is not a JSON object`, {
      fields: { id: batch.id(row) },
    })
  }
  sink.copy(bytes, start, brace + 1)
  const isEmpty = bytes[skipSpace(bytes, brace + 1, end)] === CLOSE_BRACE
  let isFirst = true
  for (const { column, prefix } of fields) {
    const from = batch[`${column}Start`][row] as number
    if (from === ABSENT) continue
    if (isEmpty && !isFirst) sink.append(COMMA)
    sink.append(prefix)
    sink.copy(bytes, from, batch[`${column}End`][row] as number)
    sink.append(isEmpty ? QUOTE : QUOTE_AND_COMMA)
    isFirst = false
  }
  sink.copy(bytes, brace + 1, end)
}

const COMMA = Buffer.from(',')
