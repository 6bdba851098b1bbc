// The calls by which a follower reads what the gateway has recorded of an index.
import { createHash } from 'node:crypto'
import type { RecordedWrites } from '../../../engine/recorded-writes.ts'
import { monotonicMs } from '../../../foundation/clock.ts'
import { IndexferryError } from '../../../foundation/errors.ts'
import { isJsonObject, type JsonValue } from '../../../model/json.ts'
import { parseJson } from '../body-json.ts'
import { type GatewayAnswer, type GatewayCall, type Route, uncached } from '../route.ts'
import { serverError } from '../server-errors.ts'

const idsDefault = 10_000
const idsMax = 100_000
/** How long it is believed that a caller may read an index, and which aliases lead to it. */
const believedMs = 10_000
const callersMax = 1_000

export function recordedWritesRoutes(log: RecordedWrites | undefined): Route[] {
  const readers = new Readers(log)
  return [
    {
      method: 'GET',
      path: '/_indexferry/writes/:index',
      operation: 'recorded_writes',
      handle: (call, { index = '' }) => readers.answer(call, index, (known) => readPage(call, index, known)),
    },
    {
      method: 'POST',
      path: '/_indexferry/writes/:index/_read',
      operation: 'recorded_writes_read',
      handle: (call, { index = '' }) => readers.answer(call, index, (known) => noteRead(call, index, known)),
    },
  ]
}

async function readPage({ query }: GatewayCall, index: string, log: RecordedWrites): Promise<GatewayAnswer> {
  const after = numberOf(query.get('after'), 'after', Number.MAX_SAFE_INTEGER) ?? 0
  const size = numberOf(query.get('size'), 'size', idsMax) ?? idsDefault
  const { position, ids, sweep, isComplete, underWayMs } = await log.read(index, after, size)
  return {
    status: 200,
    headers: uncached,
    body: { log: log.id, position, ids: [...ids], sweep, complete: isComplete, under_way_ms: underWayMs },
  }
}

/** Without a position the reader begins here. */
async function noteRead(call: GatewayCall, index: string, log: RecordedWrites): Promise<GatewayAnswer> {
  const order = parseJson(await call.body())
  const { reader, position } = isJsonObject(order) ? order : {}
  if (typeof reader !== 'string' || !/^[\w-]{1,64}$/.test(reader))
    throw malformed('reader must be a name of up to 64 letters and digits')
  if (position === undefined || position === null) {
    return { status: 200, headers: uncached, body: { log: log.id, position: await log.register(index, reader) } }
  }
  if (typeof position !== 'number' || !Number.isSafeInteger(position) || position < 0)
    throw malformed('position must be a number')
  await log.acknowledge(index, reader, position)
  return { status: 200, headers: uncached, body: { log: log.id, position } }
}

class Readers {
  readonly #log: RecordedWrites | undefined
  /** By index and credentials: until when they may read it. */
  readonly #believed = new Map<string, number>()

  constructor(log: RecordedWrites | undefined) {
    this.#log = log
  }

  async answer(
    call: GatewayCall,
    index: string,
    work: (log: RecordedWrites) => Promise<GatewayAnswer>,
  ): Promise<GatewayAnswer> {
    const log = this.#log
    if (!log?.covers(index))
      return serverError(404, 'resource_not_found_exception', `the gateway does not record the writes to [${index}]`)
    return (await this.#refusal(call, index, log)) ?? work(log)
  }

  /** Ids are data: they are for those who may read the index. An answer of the cluster that says no, or that there is no index. */
  async #refusal(call: GatewayCall, index: string, log: RecordedWrites): Promise<GatewayAnswer | undefined> {
    const key = createHash('sha256')
      .update(JSON.stringify([index, call.caller.clusterHeaders]))
      .digest('base64')
    if (monotonicMs() < (this.#believed.get(key) ?? 0)) return undefined
    this.#believed.delete(key)
    const path = `/${encodeURIComponent(index)}`
    const body = Buffer.from('{"size":0}')
    const answers = await Promise.all([
      call.askCluster({ method: 'POST', url: `${path}/_search`, body }),
      call.askCluster({ method: 'GET', url: `${path}/_alias` }),
      call.askCluster({ method: 'GET', url: `${path}/_settings/index.default_pipeline,index.final_pipeline` }),
    ])
    const refusal = answers.find(({ status }) => status !== 200)
    if (refusal) return { status: refusal.status, body: parseJson(refusal.body) ?? refusal.body }
    const [, ofAliases, ofSettings] = answers
    const pipeline = pipelineIn(parseJson(ofSettings.body), index)
    if (pipeline !== undefined) {
      // It may change the id of a document, and the index that it goes to.
      const reason = `documents of [${index}] pass the pipeline [${pipeline}], so that what is written cannot be told from the calls`
      return serverError(400, 'illegal_argument_exception', reason)
    }
    const aliases = aliasesIn(parseJson(ofAliases.body), index)
    if (!aliases)
      return serverError(400, 'illegal_argument_exception', `[${index}] is no index, but leads to one; name that`)
    await log.learnAliases(index, aliases)
    if (this.#believed.size >= callersMax) this.#believed.clear()
    this.#believed.set(key, monotonicMs() + believedMs)
    return undefined
  }
}

function aliasesIn(answer: JsonValue | undefined, index: string): string[] | undefined {
  const found = isJsonObject(answer) ? answer[index] : undefined
  if (!isJsonObject(found)) return undefined
  return isJsonObject(found.aliases) ? Object.keys(found.aliases) : []
}

function pipelineIn(answer: JsonValue | undefined, index: string): string | undefined {
  const found = isJsonObject(answer) ? answer[index] : undefined
  const settings = isJsonObject(found) && isJsonObject(found.settings) ? found.settings.index : undefined
  if (!isJsonObject(settings)) return undefined
  const named = [settings.default_pipeline, settings.final_pipeline]
  return named.find((name): name is string => typeof name === 'string' && name !== '' && name !== '_none')
}

function numberOf(text: string | null, name: string, most: number): number | undefined {
  if (text === null) return undefined
  const value = /^\d{1,16}$/.test(text) ? Number(text) : -1
  if (value >= 0 && value <= most) return value
  throw malformed(`${name} must be a number up to ${most}`)
}

const malformed = (sentence: string): IndexferryError => new IndexferryError('REQUEST_MALFORMED', sentence)
