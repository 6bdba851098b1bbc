// Compares an index with what should be in it: every document of it, its id, its routing and the bytes of its source.
//
// The expected documents are computed again from their numbers, so neither side has to be trusted or kept.
import { equalsBytes, MemberCursor, skipSpace, skipValue, toOneLine } from '../src/foundation/json-bytes.ts'
import type { DocumentSet } from './data-sets.ts'
import type { HttpClient } from './http.ts'

export interface Content {
  readonly equal: number
  readonly changed: number
  readonly missing: number
  /** Documents that the set does not have. */
  readonly extra: number
  /** The ids of the first documents that are changed or extra. */
  readonly examples: readonly string[]
}

const examplesMax = 3

export const isEqual = (content: Content, set: DocumentSet): boolean =>
  content.equal === set.count && content.extra === 0

const pageBytes = 5_000_000

interface Hit {
  id: string
  routing: string | undefined
  source: Buffer
}

export async function checkContent(http: HttpClient, set: DocumentSet, signal: AbortSignal): Promise<Content> {
  const size = Math.max(1, Math.min(5000, Math.floor(pageBytes / set.source(0).length)))
  const seen = new Uint8Array(set.count)
  const counts = { equal: 0, changed: 0, extra: 0 }
  const examples: string[] = []
  let scroll: string | undefined
  for (;;) {
    const page = await http.bytes({
      method: 'POST',
      path: scroll === undefined ? `/${set.name}/_search?scroll=5m&ignore_unavailable=true` : '/_search/scroll',
      body: scroll === undefined ? { size, sort: ['_doc'] } : { scroll: '5m', scroll_id: scroll },
      signal,
    })
    const hits = [...hitsOf(page)]
    // An index that is not there has no hits and no scroll.
    if (hits.length === 0) break
    scroll = scrollOf(page)
    for (const hit of hits) {
      const row = set.row(hit.id)
      if (row === undefined || seen[row] === 1) counts.extra++
      else if (isSame(hit, set, row)) counts.equal++
      else counts.changed++
      if (row !== undefined) seen[row] = 1
      if (counts.changed + counts.extra > examples.length && examples.length < examplesMax) examples.push(hit.id)
    }
  }
  if (scroll !== undefined) {
    await http.bytes({ method: 'DELETE', path: '/_search/scroll', body: { scroll_id: scroll }, accept: [404] })
  }
  return { ...counts, missing: set.count - counts.equal - counts.changed, examples }
}

const isSame = (hit: Hit, set: DocumentSet, row: number): boolean =>
  hit.routing === set.routing(row) && toOneLine(hit.source).equals(Buffer.from(set.source(row)))

function scrollOf(page: Buffer): string {
  const at = find(page, 0, '_scroll_id')
  return JSON.parse(page.toString('utf8', at, skipValue(page, at)))
}

const members = new MemberCursor()

/** The hits of an answer, cut out of it and not parsed. */
function* hitsOf(page: Buffer): Generator<Hit> {
  let at = skipSpace(page, find(page, find(page, 0, 'hits'), 'hits') + 1)
  while (page[at] === '{'.charCodeAt(0)) {
    yield readHit(page, at)
    at = skipSpace(page, members.objectEnd)
    if (page[at] === ','.charCodeAt(0)) at = skipSpace(page, at + 1)
  }
}

const names = { id: Buffer.from('_id'), routing: Buffer.from('_routing'), source: Buffer.from('_source') }

/** Leaves `members` behind the hit. */
function readHit(page: Buffer, at: number): Hit {
  const hit: Hit = { id: '', routing: undefined, source: page.subarray(0, 0) }
  members.open(page, at)
  while (members.next()) {
    const { keyStart, keyEnd, valueStart, valueEnd } = members
    const is = (name: Buffer) => equalsBytes(page, keyStart, keyEnd, name)
    if (is(names.source)) hit.source = page.subarray(valueStart, valueEnd)
    else if (is(names.id)) hit.id = JSON.parse(page.toString('utf8', valueStart, valueEnd))
    else if (is(names.routing)) hit.routing = JSON.parse(page.toString('utf8', valueStart, valueEnd))
  }
  return hit
}

/** Where the value of a member of the object at `at` begins. */
function find(page: Buffer, at: number, name: string): number {
  const key = Buffer.from(name)
  members.open(page, at)
  while (members.next()) {
    if (equalsBytes(page, members.keyStart, members.keyEnd, key)) return members.valueStart
  }
  throw new Error(`an answer without "${name}": ${page.toString('utf8', at, at + 200)}`)
}
