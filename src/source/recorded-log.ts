// The log of a gateway that records writes to an index, read through the cluster's own address: that of the gateway.
import type { Cluster } from '../cluster/cluster.ts'
import { IndexferryError, isErrorOf } from '../foundation/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'

export interface RecordedPage {
  /** Of another log, positions mean nothing. */
  readonly log: string
  /** Where the next page begins. */
  readonly position: number
  readonly ids: readonly string[]
  /** Anything may have changed. */
  readonly sweep: boolean
  /** Nothing that was answered before it was asked for is missing. */
  readonly isComplete: boolean
  /** How long ago the oldest call began whose answer is still to come. */
  readonly underWayMs: number
}

export class RecordedLog {
  private readonly cluster: Cluster
  private readonly path: string

  constructor(cluster: Cluster, index: string) {
    this.cluster = cluster
    this.path = `/_indexferry/writes/${encodeURIComponent(index)}`
  }

  async read(after: number, signal: AbortSignal): Promise<RecordedPage> {
    const { body } = await this.cluster.json<JsonValue>({
      method: 'GET',
      path: this.path,
      query: { after },
      signal,
    })
    const page = isJsonObject(body) ? body : {}
    const { log, position, ids, sweep, complete, under_way_ms: underWayMs } = page
    if (typeof log !== 'string' || typeof position !== 'number' || !Array.isArray(ids)) throw this.unknownAnswer(page)
    return {
      log,
      position,
      ids: ids.map(String),
      sweep: sweep === true,
      isComplete: complete === true,
      underWayMs: typeof underWayMs === 'number' ? underWayMs : 0,
    }
  }

  /** Where somebody begins who is to see what happens from now on. */
  async register(reader: string, signal: AbortSignal): Promise<Pick<RecordedPage, 'log' | 'position'>> {
    const { body } = await this.post({ reader }, signal)
    const { log, position } = isJsonObject(body) ? body : {}
    if (typeof log !== 'string' || typeof position !== 'number') throw this.unknownAnswer(body)
    return { log, position }
  }

  async acknowledge(reader: string, position: number, signal: AbortSignal): Promise<void> {
    await this.post({ reader, position }, signal)
  }

  private post(body: JsonObject, signal: AbortSignal) {
    return this.cluster.json<JsonValue>({ method: 'POST', path: `${this.path}/_read`, body, retry: 'safe', signal })
  }

  private unknownAnswer(answer: JsonValue): IndexferryError {
    const sentence = `${this.cluster.name}: GET ${this.path} was answered by ${JSON.stringify(answer).slice(0, 200)}, which is no log of a gateway`
    return new IndexferryError('ANSWER_INVALID', sentence, { side: this.cluster.side })
  }
}

/** What a cluster itself says to such a path, or a gateway that does not record this index. */
const noLog = [400, 403, 404, 405]

/** Undefined where the address is not that of a gateway that records the writes to this index. */
export async function findRecordedLog(cluster: Cluster, index: string): Promise<RecordedLog | undefined> {
  try {
    const { status, body } = await cluster.json<JsonValue>({
      method: 'GET',
      path: `/_indexferry/writes/${encodeURIComponent(index)}`,
      query: { size: 0 },
      accept: noLog,
    })
    const isLog = status === 200 && isJsonObject(body) && typeof body.log === 'string'
    return isLog ? new RecordedLog(cluster, index) : undefined
  } catch (error) {
    // Managed services refuse paths that they do not know in words of their own.
    if (isErrorOf(error, 'ANSWER_INVALID', 'PRIVILEGE_MISSING', 'REQUEST_REFUSED', 'INDEX_MISSING')) return undefined
    throw error
  }
}
