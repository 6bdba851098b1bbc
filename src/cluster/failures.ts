// Every way in which a request to a cluster can fail, as the error that a user reads: side, address and user, then the cause.
import { now } from '../foundation/clock.ts'
import type { ErrorCode } from '../foundation/error-codes.ts'
import { IndexferryError, type Side } from '../foundation/errors.ts'
import { explainAnswer } from './answer-errors.ts'
import type { ClusterRequest } from './cluster.ts'
import type { NodeAddress } from './connection.ts'
import type { Exchanged } from './exchange.ts'
import { explainNetworkError } from './network-errors.ts'
import { failedToConnect } from './node-ring.ts'

/** What an attempt failed with, and what may be done about it. */
export interface RequestFailure {
  /** Another attempt may succeed. */
  readonly passing: boolean
  /** The cluster cannot have seen the request. */
  readonly unsent: boolean
  /** What the cluster asked us to wait; bounded. */
  readonly retryAfterMs: number
  error(attempts: number, spentMs: number): IndexferryError
}

const retryAfterMsMax = 60_000

/** What is longer is not passed on whole. */
const answerLengthMax = 32 * 1024

/** In words, before what the cluster says, which often is terse or of its inner life. */
const meanings: Partial<Record<ErrorCode, string>> = {
  CREDENTIALS_WRONG: 'the credentials are refused',
  CREDENTIALS_MISSING: 'credentials are asked for and none were given',
  PRIVILEGE_MISSING: 'the user may not do this',
  INDEX_MISSING: 'the index is missing',
  INDEX_CLOSED: 'the index is closed',
  TARGET_READ_ONLY: 'writing is blocked',
  TARGET_FULL: 'the disks are full and writing is blocked',
  CLUSTER_BUSY: 'the cluster is busy or not reachable behind its proxy',
  CONTEXT_LOST: 'the scroll or point in time is gone',
  SHARD_FAILED: 'a shard could not be read',
  DOCUMENT_TOO_LARGE: 'the request is larger than the cluster takes',
}

export class Failures {
  readonly #side: Side
  readonly #name: string
  readonly #user: string
  readonly #secrets: readonly string[]

  /** `name` and `user` are what messages call the cluster and whoever speaks to it; `secrets` are taken out of what it says. */
  constructor(side: Side, name: string, user: string, secrets: readonly string[] = []) {
    this.#side = side
    this.#name = name
    this.#user = user
    this.#secrets = secrets
  }

  ofNetwork(request: ClusterRequest, node: NodeAddress, cause: unknown): RequestFailure {
    // An address book that refuses says why itself.
    if (cause instanceof IndexferryError) return { passing: false, unsent: true, retryAfterMs: 0, error: () => cause }
    const { code, remedy, passing, cause: sentence } = explainNetworkError(cause, node)
    const unsent = failedToConnect(cause)
    const during = unsent || !passing ? '' : ` (${request.method} ${request.path})`
    return {
      passing,
      unsent,
      retryAfterMs: 0,
      error: (attempts, spentMs) =>
        new IndexferryError(code, `${this.#subject(node)}: ${sentence}${during}${tried(attempts, spentMs)}`, {
          side: this.#side,
          ...(remedy === undefined ? {} : { remedy }),
          cause,
        }),
    }
  }

  ofAnswer(request: ClusterRequest, node: NodeAddress, answer: Exchanged<Buffer>): RequestFailure {
    const { status, headers, body } = answer
    const text = this.#clean(body)
    const { code, remedy, passing, type, reason } = explainAnswer(status, text, this.#user !== '')
    const location = status >= 300 && status < 400 ? headers.location : undefined
    const said = (location ? `it points to ${location}` : reason) || type || 'no reason is given'
    const meaning = meanings[code]
    const sentence = `${meaning ? `${meaning}: ` : ''}${request.method} ${request.path} was answered ${status}: ${said}`
    return {
      passing,
      unsent: false,
      retryAfterMs: retryAfter(headers['retry-after']),
      error: (attempts, spentMs) =>
        new IndexferryError(code, `${this.#subject(node)}: ${sentence}${tried(attempts, spentMs)}`, {
          side: this.#side,
          ...(remedy === undefined ? {} : { remedy }),
          fields: { status, errorType: type, reason },
          answer: text.length > answerLengthMax ? undefined : text,
        }),
    }
  }

  ofPacking(request: ClusterRequest, { status, headers }: Exchanged): RequestFailure {
    const how = `has the content-encoding ${headers['content-encoding']}, which was not asked for`
    return { passing: false, unsent: false, retryAfterMs: 0, error: () => this.invalidAnswer(request, how, status) }
  }

  /** An answer that came whole but is not of the form it should have. */
  invalidAnswer(request: ClusterRequest, how: string, status: number | undefined, cause?: unknown): IndexferryError {
    const answered = status === undefined ? '' : ` (${status})`
    const sentence = `the answer to ${request.method} ${request.path}${answered} ${how}`
    return new IndexferryError('ANSWER_INVALID', `${this.#subject()}: ${sentence}`, {
      side: this.#side,
      fields: status === undefined ? {} : { status },
      ...(cause === undefined ? {} : { cause }),
    })
  }

  /** Credentials that cannot be found are this side's. */
  async signing<Signed>(sign: () => Promise<Signed>): Promise<Signed> {
    try {
      return await sign()
    } catch (error) {
      if (!(error instanceof IndexferryError)) throw error
      const { code, message, remedy, cause } = error
      throw new IndexferryError(code, `${this.#subject()}: ${message}`, { side: this.#side, remedy, cause })
    }
  }

  #clean(body: Buffer): string {
    let text = body.toString()
    for (const secret of this.#secrets) text = text.replaceAll(secret, '***')
    return text
  }

  #subject(node?: NodeAddress): string {
    const user = this.#user && ` (${this.#user})`
    return `${this.#side} ${node?.name ?? this.#name}${user}`
  }
}

const tried = (attempts: number, spentMs: number): string =>
  attempts < 2 ? '' : `, in ${attempts} attempts over ${Math.round(spentMs / 100) / 10} s`

/** Seconds, or a date. */
function retryAfter(header: string | undefined): number {
  if (header === undefined) return 0
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now()
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), retryAfterMsMax)
}
