// A bulk call while indexes follow others: items for followers are refused, the others are carried out, and the answer has them all in order. A
// large body is filtered while it is passed on, and its answer merged while it comes back.
import { Readable } from 'node:stream'
import { type CollectedAnswer, collectAnswer } from '../../../cluster/collect-answer.ts'
import { unpackStream } from '../../../cluster/incoming.ts'
import type { Flow, PassageFailure, PassedHead, PassedReceiver } from '../../../cluster/passage.ts'
import { keptHeaders, passedAnswerHeaders } from '../../../cluster/passed-headers.ts'
import { IndexferryError } from '../../../foundation/errors.ts'
import { isJsonObject } from '../../../model/json.ts'
import { parseForPrinting } from '../body-json.ts'
import type { GuardedCall } from '../call-guard.ts'
import { withoutShaping } from '../gateway-call.ts'
import type { GatewayAnswer } from '../route.ts'
import { withoutOrigin } from '../router.ts'
import { serverError } from '../server-errors.ts'
import { allowedLines, type BulkReport, type BulkRules } from './allowed-lines.ts'
import { answerOfRefused, BulkAnswerMerger, withRefused } from './merge-bulk-answer.ts'

export interface BulkCallRules extends BulkRules {
  /** The cluster names mapping types in its answers. */
  readonly typed: boolean
}

/** Of an answer that is read as a whole because it is to be printed in another form. */
const answerBytesMax = 256 * 1024 * 1024

export async function answerBulk(guarded: GuardedCall, rules: BulkCallRules): Promise<GatewayAnswer | 'pass' | 'sent'> {
  const { call, passed, passage } = guarded
  if (/^application\/(?:x-)?(?:smile|cbor|yaml)\b|\+(?:smile|cbor|yaml)\b/i.test(call.headers['content-type'] ?? ''))
    return noBinary
  if (!passed.body.isThere) return 'pass'
  // Unpacked, a small body may be larger than what is read as a whole.
  const isSmall = passed.body.isSmall && call.headers['content-encoding'] === undefined
  return isSmall || passage.signs ? answerWhole(guarded, rules) : answerStream(guarded, rules)
}

const noBinary = serverError(
  406,
  'not_acceptable_exception',
  'while indexes of this cluster follow others, the gateway takes _bulk as JSON only',
)

/** Nothing is changed where nothing is refused: the call then goes on with the bytes that came. */
async function answerWhole({ call, recordedBody }: GuardedCall, rules: BulkCallRules): Promise<GatewayAnswer | 'pass'> {
  const report: BulkReport = { items: 0, refused: [] }
  const kept: Buffer[] = []
  for await (const part of allowedLines([await call.body()], report, rules)) kept.push(part)
  const { refused } = report
  if (refused.length === 0) return 'pass'
  if (refused.length === report.items) return { status: 200, body: answerOfRefused(refused, rules.typed) }
  const sent: Buffer[] = []
  for await (const part of recordedBody?.(rules.index, Readable.from(kept)) ?? kept) sent.push(part)
  return merged(
    await call.askCluster({ body: Buffer.concat(sent), url: withoutShaping(call.url, call.query) }),
    report,
    rules,
  )
}

function merged(
  { status, headers, body }: CollectedAnswer,
  { refused }: BulkReport,
  { typed }: BulkCallRules,
): GatewayAnswer {
  const answer = parseForPrinting(body)
  if (status === 200 && isJsonObject(answer)) return { status, body: withRefused(answer, refused, typed) }
  const type = headers['content-type']
  return { status, ...(type === undefined ? {} : { headers: { 'content-type': type } }), body: answer ?? body }
}

async function answerStream(guarded: GuardedCall, rules: BulkCallRules): Promise<GatewayAnswer | 'sent'> {
  const { call, passed, passage } = guarded
  const report: BulkReport = { items: 0, refused: [] }
  const allowed = allowedLines(unpackedBody(guarded), report, rules)
  const lines = recorded(guarded, rules.index, allowed)
  // Nothing is sent before something is allowed: a body without items would be refused.
  const first = await lines.next()
  if (first.done && report.refused.length > 0)
    return { status: 200, body: answerOfRefused(report.refused, rules.typed) }
  const body = Readable.from(startingWith(first, lines), { objectMode: false })
  passed.response.once('close', () => body.destroy())
  // Told to whoever sends it; nobody may be left to hear it once the cluster has answered.
  body.on('error', () => {})
  const isShaped =
    call.query.has('format') ||
    call.query.has('pretty') ||
    call.query.has('filter_path') ||
    !takesJson(call.headers.accept)
  const request = {
    method: call.method,
    url: isShaped ? withoutShaping(call.url, call.query) : withoutOrigin(call.url),
    headers: plainHeaders(passed.request.rawHeaders, isShaped),
    body,
  }
  if (isShaped) {
    const answer = await collectAnswer(passage, request, { bytesMax: answerBytesMax, signal: call.signal }).catch(
      (error: unknown) => {
        throw body.errored ?? error
      },
    )
    return merged(answer, report, rules)
  }
  const sent = passage.send(request, new MergedReturn(guarded, body, report, rules))
  passed.response.once('close', () => {
    if (!passed.response.writableFinished) sent.cancel()
  })
  return 'sent'
}

export function unpackedBody({ call, passed }: Pick<GuardedCall, 'call' | 'passed'>): AsyncIterable<Buffer> {
  const encoding = call.headers['content-encoding']?.toLowerCase() ?? 'identity'
  const stream = passed.body.stream() as AsyncIterable<Buffer>
  if (encoding === 'identity' || encoding === '') return stream
  if (!['gzip', 'x-gzip', 'deflate'].includes(encoding))
    throw new IndexferryError('REQUEST_MALFORMED', `the body has the content-encoding ${encoding}, not gzip or deflate`)
  return unpackStream(
    stream,
    (cause) =>
      new IndexferryError('REQUEST_MALFORMED', `the body cannot be unpacked as ${encoding}: ${cause.message}`, {
        cause,
      }),
  )
}

async function* recorded(
  { recordedBody }: GuardedCall,
  index: string | undefined,
  lines: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  yield* recordedBody?.(index, lines) ?? lines
}

async function* startingWith(first: IteratorResult<Buffer>, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  if (first.done) return
  yield first.value
  yield* rest
}

const takesJson = (accept: string | undefined): boolean => accept === undefined || /\bjson\b|\*\/\*|^$/.test(accept)

/** Neither side of the call is packed, and the length is no longer known. */
function plainHeaders(headers: readonly string[], isShaped: boolean): string[] {
  const left = new Set(['accept-encoding', 'content-encoding', 'content-length', ...(isShaped ? ['accept'] : [])])
  const kept = keptHeaders(headers, (name) => !left.has(name))
  return isShaped ? ['accept', 'application/json', ...kept] : kept
}

/** The way back, with the refused items put in. */
class MergedReturn implements PassedReceiver {
  readonly #guarded: GuardedCall
  readonly #body: Readable
  readonly #report: BulkReport
  readonly #rules: BulkCallRules
  #merger: BulkAnswerMerger | undefined
  #flow: Flow | undefined

  constructor(guarded: GuardedCall, body: Readable, report: BulkReport, rules: BulkCallRules) {
    this.#guarded = guarded
    this.#body = body
    this.#report = report
    this.#rules = rules
  }

  start({ status, rawHeaders }: PassedHead, flow: Flow): void {
    const { response, request, onAnswer } = this.#guarded.passed
    const { refused } = this.#report
    if (status === 200 && refused.length > 0) this.#merger = new BulkAnswerMerger(refused, this.#rules.typed)
    const headers = passedAnswerHeaders(rawHeaders, request.httpVersion !== '1.0')
    response.sendDate = false
    response.removeHeader('connection')
    response.writeHead(status, this.#merger ? withoutLength(headers) : headers)
    response.on('drain', () => flow.resume())
    this.#flow = flow
    onAnswer(status)
  }

  data(chunk: Buffer): void {
    const bytes = this.#merger ? this.#merger.push(chunk) : chunk
    if (bytes.length > 0 && !this.#guarded.passed.response.write(bytes)) this.#flow?.pause()
  }

  end(): void {
    this.#guarded.passed.response.end(this.#merger?.end())
  }

  fail(failure: PassageFailure): void {
    const { response, refuse, fail } = this.#guarded.passed
    // An answer that ends here must not look whole.
    if (response.headersSent) response.destroy()
    else if (this.#body.errored) refuse(this.#body.errored)
    else fail(failure)
  }
}

const withoutLength = (headers: readonly string[]): string[] =>
  keptHeaders(headers, (name) => name !== 'content-length')
