// Clients that search, index and send bulk requests as fast as they are answered, and a reckoning of what they were told.
import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { text as collect } from 'node:stream/consumers'
import { seededChance } from '../faults/seeded-chance.ts'
import { ask } from '../servers/http.ts'

export interface LoadOptions {
  readonly url: string
  /** Of the server itself; the reckoning asks there. */
  readonly direct: string
  readonly index: string
  readonly clients: number
  readonly ms: number
  readonly seed: number
  readonly signal: AbortSignal
}

export interface LoadFigures {
  readonly calls: number
  readonly perSecond: number
  /** Acknowledged, and found afterwards. */
  readonly documents: number
  readonly refused: number
  readonly medianMs: number
  readonly p99Ms: number
}

const bulkDocuments = 20

export async function runLoad(options: LoadOptions): Promise<LoadFigures> {
  const { clients, ms, index, direct } = options
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const started = performance.now()
  const runs = Array.from({ length: clients }, (_, number) => new LoadClient(number, agent, options))
  await Promise.all(runs.map((run) => run.work(started + ms)))
  const seconds = (performance.now() - started) / 1000
  agent.destroy()
  await ask(`${direct}/${index}/_refresh`, { method: 'POST' })
  const found = await countByClient(direct, index, clients)
  for (const { number, acknowledged } of runs)
    assert.equal(found.get(number) ?? 0, acknowledged, `documents of client ${number}`)
  const documents = runs.reduce((sum, { acknowledged }) => sum + acknowledged, 0)
  const { body } = await ask(`${direct}/${index}/_count`)
  assert.equal((JSON.parse(body) as { count: number }).count, documents)
  const times = runs.flatMap((run) => run.times).sort((a, b) => a - b)
  const at = (part: number) => Math.round(times[Math.floor(times.length * part)] ?? 0)
  const refused = runs.reduce((sum, run) => sum + run.refused, 0)
  return {
    calls: times.length,
    perSecond: times.length / seconds,
    documents,
    refused,
    medianMs: at(0.5),
    p99Ms: at(0.99),
  }
}

async function countByClient(url: string, index: string, clients: number): Promise<Map<number, number>> {
  const aggs = { clients: { terms: { field: 'client', size: clients } } }
  const { body } = await ask(`${url}/${index}/_search`, { method: 'POST', body: JSON.stringify({ size: 0, aggs }) })
  const { buckets } = JSON.parse(body).aggregations.clients as { buckets: { key: number; doc_count: number }[] }
  return new Map(buckets.map(({ key, doc_count }) => [key, doc_count]))
}

class LoadClient {
  readonly number: number
  readonly times: number[] = []
  acknowledged = 0
  refused = 0
  private next = 0
  private readonly agent: Agent
  private readonly options: LoadOptions
  private readonly chance: ReturnType<typeof seededChance>

  constructor(number: number, agent: Agent, options: LoadOptions) {
    this.number = number
    this.agent = agent
    this.options = options
    this.chance = seededChance(options.seed + number)
  }

  async work(until: number): Promise<void> {
    while (performance.now() < until) {
      this.options.signal.throwIfAborted()
      const kind = this.chance()
      await (kind < 0.3 ? this.search() : kind < 0.7 ? this.index() : this.bulk())
    }
  }

  private async search(): Promise<void> {
    const body = JSON.stringify({ query: { match: { text: `word${Math.floor(this.chance() * 100)}` } }, size: 10 })
    const answer = await this.call('POST', `${this.options.index}/_search`, body)
    if (answer === undefined) return
    const { timed_out, _shards } = answer as { timed_out: boolean; _shards: { failed: number } }
    assert.ok(!timed_out && _shards.failed === 0, JSON.stringify(answer).slice(0, 500))
  }

  private document(): { readonly id: string; readonly source: string } {
    const n = this.next++
    const words = Array.from({ length: 12 }, () => `word${Math.floor(this.chance() * 100)}`).join(' ')
    return { id: `${this.number}-${n}`, source: JSON.stringify({ client: this.number, n, text: words }) }
  }

  private async index(): Promise<void> {
    const { id, source } = this.document()
    const answer = await this.call('PUT', `${this.options.index}/_doc/${id}`, source)
    if (answer === undefined) return
    assert.deepEqual([answer._id, answer.result], [id, 'created'])
    this.acknowledged++
  }

  private async bulk(): Promise<void> {
    const documents = Array.from({ length: bulkDocuments }, () => this.document())
    const body = documents.map(({ id, source }) => `{"create":{"_id":"${id}"}}\n${source}\n`).join('')
    const answer = await this.call('POST', `${this.options.index}/_bulk`, body)
    if (answer === undefined) return
    const items = answer.items as readonly { readonly create: { readonly _id: string; readonly status: number } }[]
    assert.deepEqual(
      items.map(({ create }) => create._id),
      documents.map(({ id }) => id),
    )
    for (const { create } of items) {
      if (create.status === 429) this.refused++
      else {
        assert.equal(create.status, 201, JSON.stringify(create))
        this.acknowledged++
      }
    }
  }

  /** Undefined: the cluster was too busy, and has not done it. */
  private async call(
    method: string,
    path: string,
    body: string,
  ): Promise<Readonly<Record<string, unknown>> | undefined> {
    const started = performance.now()
    const { status, text } = await this.exchange(method, path, body)
    this.times.push(performance.now() - started)
    if (status === 429) {
      this.refused++
      return undefined
    }
    assert.ok(status === 200 || status === 201, `${method} ${path}: ${status} ${text.slice(0, 500)}`)
    return JSON.parse(text)
  }

  private exchange(method: string, path: string, body: string): Promise<{ status: number; text: string }> {
    const headers = {
      'content-type': path.endsWith('_bulk') ? 'application/x-ndjson' : 'application/json',
      'content-length': Buffer.byteLength(body),
    }
    return new Promise((resolve, reject) => {
      const call = request(`${this.options.url}/${path}`, { method, headers, agent: this.agent }, (answer) => {
        collect(answer).then((text) => resolve({ status: answer.statusCode ?? 0, text }), reject)
      })
      call.on('error', reject).end(body)
    })
  }
}
