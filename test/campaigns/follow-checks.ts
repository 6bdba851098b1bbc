// What must hold of a followed index, read with searches that have nothing in common with how the program reads.
import assert from 'node:assert/strict'
import { ask } from '../servers/http.ts'

export interface SeenDocument {
  /** As the server gives it, byte for byte. */
  readonly source: string
  readonly rev: number
  readonly version: number
  readonly sequenceNumber: number
}

const pageSize = 2_000

/** Every document by id and routing, by a scroll. */
async function scrollIndex(url: string, index: string): Promise<Map<string, SeenDocument>> {
  const found = new Map<string, SeenDocument>()
  let total = 0
  let path = `/${index}/_search?scroll=1m&version=true&seq_no_primary_term=true`
  let body: object = { size: pageSize, sort: ['_doc'], track_total_hits: true }
  for (;;) {
    const answer = await ask(url + path, { method: 'POST', body: JSON.stringify(body), timeout: 20_000 })
    assert.equal(answer.status, 200, answer.body.slice(0, 500))
    const head = JSON.parse(answer.body) as {
      _scroll_id: string
      _shards: { failed: number; total: number; successful: number }
      hits: { total: { value: number }; hits: unknown[] }
    }
    assert.equal(head._shards.successful, head._shards.total, 'every shard answers')
    if (head.hits.hits.length === 0) {
      await ask(`${url}/_search/scroll`, { method: 'DELETE', body: JSON.stringify({ scroll_id: head._scroll_id }) })
      break
    }
    total = head.hits.total.value
    for (const hit of answer.body.split('{"_index":').slice(1)) keep(hit, found)
    path = '/_search/scroll'
    body = { scroll: '1m', scroll_id: head._scroll_id }
  }
  assert.equal(found.size, total, 'every document was read')
  return found
}

/** The documents of the campaign have no objects in them. */
function keep(hit: string, found: Map<string, SeenDocument>): void {
  const head = hit.slice(0, hit.indexOf('"_source":'))
  const source = /"_source":(\{[^}]*\})/.exec(hit)?.[1]
  const field = (name: string) => new RegExp(`"${name}":"?([^",]+)`).exec(head)?.[1]
  const id = field('_id')
  if (id === undefined || source === undefined) throw new Error(`a hit that is not understood: ${hit.slice(0, 300)}`)
  found.set(`${id}|${field('_routing') ?? ''}`, {
    source,
    rev: (JSON.parse(source) as { rev: number }).rev,
    version: Number(field('_version')),
    sequenceNumber: Number(field('_seq_no')),
  })
}

export const refresh = (url: string, index: string) => ask(`${url}/${index}/_refresh`, { method: 'POST' })

/** Fails unless both hold the same bytes under the same ids and routings, and the version of each is that of its number. */
export async function compareContent(source: string, target: string, index: string, versionBase: number) {
  await Promise.all([refresh(source, index), refresh(target, index)])
  const [expected, found] = await Promise.all([scrollIndex(source, index), scrollIndex(target, index)])
  const wrong: string[] = []
  for (const [key, document] of expected) {
    const there = found.get(key)
    if (there?.source !== document.source) wrong.push(`${key}: ${describe(there)} instead of ${describe(document)}`)
    else if (there.version !== versionBase + document.sequenceNumber + 1) {
      wrong.push(`${key} has the version ${there.version}: ${describe(document)}`)
    }
  }
  for (const [key, document] of found) {
    if (!expected.has(key)) wrong.push(`${key} is there and should not be: ${describe(document)}`)
  }
  assert.deepEqual(wrong.slice(0, 10), [], `${wrong.length} documents differ`)
  return expected.size
}

const describe = (document: SeenDocument | undefined): string =>
  document === undefined
    ? 'nothing'
    : `rev ${document.rev}, number ${document.sequenceNumber}, version ${document.version}, ${document.source.length} bytes`

/** Looks at the target again and again: no document may ever be older than it was before, nor come back as it was. */
export class RegressionWatch implements AsyncDisposable {
  looks = 0
  private readonly url: string
  private readonly index: string
  private seen = new Map<string, { rev: number; isGone: boolean }>()
  private isStopped = false
  private readonly running: Promise<void>
  private readonly failures: string[] = []

  constructor(url: string, index: string) {
    this.url = url
    this.index = index
    this.running = this.run()
  }

  /** A server that is killed may lose what it showed and had not acknowledged. */
  forget(): void {
    this.seen = new Map()
  }

  check(): void {
    assert.deepEqual(this.failures.slice(0, 10), [], 'writes that regressed or were brought back')
  }

  private async run(): Promise<void> {
    while (!this.isStopped) {
      const { seen } = this
      try {
        const documents = await scrollIndex(this.url, this.index)
        // What was read before a restart says nothing.
        if (seen === this.seen) this.compare(documents)
      } catch {
        // The target is not there yet, or away.
      }
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
  }

  private compare(documents: ReadonlyMap<string, SeenDocument>): void {
    this.looks++
    for (const [key, { rev }] of documents) {
      const before = this.seen.get(key)
      if (before && (rev < before.rev || (before.isGone && rev === before.rev))) {
        this.failures.push(`${key}: rev ${rev} after ${before.rev}${before.isGone ? ', which was deleted' : ''}`)
      }
      this.seen.set(key, { rev, isGone: false })
    }
    for (const [key, before] of this.seen) if (!documents.has(key)) before.isGone = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isStopped = true
    await this.running
  }
}
