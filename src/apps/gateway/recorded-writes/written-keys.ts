// What a call may change, as far as its line says it: one document, the items of its body, or something that names no ids, so that the whole
// index has to be looked at. Whatever is not known to change no documents counts.
import { randomBytes } from 'node:crypto'
import { now } from '../../../foundation/clock.ts'
import { writtenNames } from '../follower-writes/written-names.ts'

export type WrittenKeys =
  /** `ids`: what the servers may take the segment of the path for; `+` is a blank to some. */
  | { readonly kind: 'document'; readonly name: string; readonly ids: readonly string[] }
  /** Without an id: the gateway makes one. */
  | { readonly kind: 'new document'; readonly name: string }
  | { readonly kind: 'bulk'; readonly name: string | undefined }
  /** An expression of several names and patterns, all of whose documents may change. */
  | { readonly kind: 'everything'; readonly expression: string }
  /** The expression is in the body: the destination of `_reindex`, or indexes that `_aliases` takes away. */
  | { readonly kind: 'reindex' }
  | { readonly kind: 'aliases' }

/** They change how an index is, and none of its documents. */
const ofDefinition =
  /^_(?:settings|alias|aliases|open|close|block|warmers?|freeze|unfreeze|ilm|rollover|forcemerge|optimize)$/

/** Folders below which documents are written; each may concern any index. */
const foldersThatWrite = /^_(?:restore|update_by_query|delete_by_query|dangling|import|query)$/

/** Copies of an index, whose name stands behind. */
const copying = /^_(?:clone|shrink|split)$/

/**
 * `typed`: the cluster has mapping types. `isPlain`: the third segment stands there in plain letters; the servers know their own words only so, and
 * take `%5Fsearch` for an id. Undefined: it changes no documents of an index that is there.
 */
export function writtenKeys(
  method: string,
  segments: readonly string[],
  typed: boolean,
  isPlain = true,
): WrittenKeys | undefined {
  const named = typed ? namedLikeCall(method, segments, isPlain) : undefined
  if (named) return named
  const written = writtenNames(method, segments, typed)
  const [first] = segments
  if (!written) return isWritingFolder(method, segments) ? { kind: 'everything', expression: '_all' } : undefined
  if (written.kind === 'bulk') return { kind: 'bulk', name: written.index }
  if (written.kind === 'bulk stream') return { kind: 'everything', expression: '_all' }
  if (written.kind === 'reindex') return { kind: 'reindex' }
  if (written.kind !== 'expression') return first === '_aliases' ? { kind: 'aliases' } : undefined
  if (first === undefined || (first.startsWith('_') && first !== '_all')) {
    // `/_mapping`, `/_settings` and the like, for all indexes; deleting a mapping deletes its documents (1.x).
    return method === 'DELETE' && first !== '_alias' && first !== '_aliases'
      ? { kind: 'everything', expression: written.expression }
      : undefined
  }
  if (copying.test(segments[1] ?? '')) return { kind: 'everything', expression: written.expression }
  return ofIndex(method, segments, typed) ?? otherwise(method, segments, written.expression)
}

/** Calls that stand below a mapping type. */
const callsBelowTypes: Readonly<Record<string, RegExp>> = {
  PUT: /^_(?:mappings?|bulk)$/,
  POST: /^_(?:search|msearch|count|mget|percolate|mpercolate|mtermvectors|bulk|mappings?|delete_by_query|update_by_query)$/,
  DELETE: /^_(?:mappings?|query)$/,
}

/** An id may be what is a call elsewhere, or with another method: `PUT /orders/order/_search`. One too many costs a look. */
function namedLikeCall(
  method: string,
  [name = '', type = '', third, ...more]: readonly string[],
  isPlain: boolean,
): WrittenKeys | undefined {
  const calls = callsBelowTypes[method]
  if (!calls || !third?.startsWith('_') || more.length > 0 || name.startsWith('_')) return undefined
  if (type.startsWith('_') && !isDocumentFolder.test(type)) return undefined
  const isCall = isPlain && calls.test(third) && !/^_(?:create|update)$/.test(type)
  return isCall ? undefined : { kind: 'document', name, ids: idsOf(third) }
}

function isWritingFolder(method: string, [first, second, third, fourth]: readonly string[]): boolean {
  if (!/^(?:POST|PUT|DELETE|PATCH)$/.test(method) || first === undefined) return false
  if (first === '_snapshot') return fourth === '_restore' || third === '_restore'
  if (foldersThatWrite.test(first)) return second === undefined || first === '_dangling'
  return false
}

function ofIndex(method: string, segments: readonly string[], typed: boolean): WrittenKeys | undefined {
  const [name = '', second, third, fourth] = segments
  const isPut = method === 'PUT' || method === 'POST'
  if (second === undefined || (!isPut && method !== 'DELETE')) return undefined
  const isDocument = typed ? isDocumentFolder.test(second) || !second.startsWith('_') : isDocumentFolder.test(second)
  if (!isDocument) return undefined
  if (third === undefined) {
    return method === 'POST' && !/^_(?:create|update)$/.test(second) ? { kind: 'new document', name } : undefined
  }
  if (typed && besideDocuments.test(third)) return undefined
  const isWhole = segments.length === 3
  const isTypedUpdate = typed && isPut && segments.length === 4 && /^_(?:update|create)$/.test(fourth ?? '')
  return isWhole || isTypedUpdate ? { kind: 'document', name, ids: idsOf(third) } : undefined
}

const isDocumentFolder = /^_(?:doc|create|update)$/

/** `/INDEX/TYPE/_mapping` and the like. */
const besideDocuments = /^_(?:mappings?|query|warmers?|delete_by_query|update_by_query|settings)$/

function otherwise(
  method: string,
  [, second = '', third = '']: readonly string[],
  expression: string,
): WrittenKeys | undefined {
  // Deleting a mapping deletes its documents (1.x).
  const mapping = [second, third].some((part) => /^_mappings?$/.test(part))
  if (mapping) return method === 'DELETE' ? { kind: 'everything', expression } : undefined
  return ofDefinition.test(second) || /^_warmers?$/.test(third) ? undefined : { kind: 'everything', expression }
}

/** Until 7.x some servers read `+` in a path as a blank. */
const idsOf = (id: string): string[] => (id.includes('+') ? [id, id.replaceAll('+', ' ')] : [id])

/** As long and as safe as those of the servers; the time comes first, which keeps neighbours together. */
export function makeId(): string {
  const bytes = randomBytes(15)
  bytes.writeUIntBE(now(), 0, 6)
  return bytes.toString('base64url')
}

/** `POST /orders/_doc?routing=a` → `POST /orders/_doc/ID?routing=a`, which must not be there. */
export function urlWithId(url: string, id: string): string {
  const cut = url.indexOf('?')
  const path = (cut < 0 ? url : url.slice(0, cut)).replace(/\/+$/, '')
  const query = cut < 0 ? '' : url.slice(cut + 1)
  // A version is not compared where a document is created.
  const creates = /(?:^|&)(?:op_type|version|version_type|if_seq_no)=/.test(query) ? '' : 'op_type=create'
  const given = [query, creates].filter(Boolean).join('&')
  return `${path}/${id}${given === '' ? '' : `?${given}`}`
}
