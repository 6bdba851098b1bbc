// Has every write to a recorded index noted on disk before it is passed on, and numbered when it is answered.
import { Readable } from 'node:stream'
import type { WriteNote } from '../../../engine/catalog-recorded-writes.ts'
import {
  everything,
  isReckoned,
  notesOfExpression,
  type RecordedWrites,
  type WriteTicket,
} from '../../../engine/recorded-writes.ts'
import type { ClusterVersion } from '../../../model/cluster-version.ts'
import type { CallGuard, GuardedCall, Inspection, PassedOn } from '../call-guard.ts'
import { unpackedBody } from '../follower-writes/bulk-call.ts'
import { namesInActions, namesOfReindex } from '../follower-writes/names-in-body.ts'
import { indexOfBulk } from '../follower-writes/written-names.ts'
import type { GatewayAnswer } from '../route.ts'
import { type BulkRecorder, recordedLines } from './recorded-lines.ts'
import type { RunningTasks } from './running-tasks.ts'
import { callGoesOn, isAmbiguous, isInPlainLetters, isWellSpelled, pipelineOf, saysRemoveIndex } from './spelling.ts'
import { makeId, urlWithId, type WrittenKeys, writtenKeys } from './written-keys.ts'

export interface RecordGuardOptions {
  readonly log: RecordedWrites
  readonly version: (clusterHeaders: Readonly<Record<string, string>>) => Promise<ClusterVersion>
  readonly tasks: RunningTasks
}

export class RecordGuard implements CallGuard {
  readonly #options: RecordGuardOptions

  constructor(options: RecordGuardOptions) {
    this.#options = options
  }

  inspect(method: string, segments: readonly string[], url: string): Inspection | undefined {
    const isPlain = isInPlainLetters(url, 2)
    // Without mapping types more calls write than with them, and with them some others.
    if (!writtenKeys(method, segments, false) && !writtenKeys(method, segments, true, isPlain)) return undefined
    return async (guarded) => {
      const server = await this.#server(guarded)
      const keys = writtenKeys(method, segments, server.typed, isPlain)
      if (!keys) return 'pass'
      // What the servers read there, they alone know.
      if (isAmbiguous(url) || !isWellSpelled(url)) return this.#everything(guarded, ['_all'])
      return this.#record(guarded, keys, server)
    }
  }

  /** For whoever changes a bulk body on its way: what he lets through is to pass this as well. */
  recordedBody(guarded: GuardedCall, index: string | undefined, body: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    const ticket = this.#ticket(guarded)
    const server = this.#server(guarded)
    const { query, url } = guarded.call
    const facts = { index, pipeline: pipelineOf(query) }
    const bulk = (server: Server) =>
      recordedLines(
        body,
        this.#recorder(facts, ticket, server, () => {}),
      )
    return (async function* () {
      if (isAmbiguous(url)) await ticket.add([everything])
      yield* bulk(await server)
    })()
  }

  async #record(guarded: GuardedCall, keys: WrittenKeys, server: Server): Promise<GatewayAnswer | 'pass' | PassedOn> {
    const { log } = this.#options
    const { call } = guarded
    if (keys.kind === 'bulk') return this.#bulk(guarded, indexOfBulk(keys.name, call.query), server)
    const pipeline = pipelineOf(call.query)
    if (keys.kind === 'everything') return this.#everything(guarded, [pipeline === undefined ? keys.expression : '*'])
    if (keys.kind === 'reindex') return this.#everything(guarded, await namesOfReindex(call))
    if (keys.kind === 'aliases')
      return (await saysRemoveIndex(call)) ? this.#everything(guarded, await namesInActions(call)) : 'pass'
    // A pipeline may change the id, and where the document goes; and the name may be reckoned by the server.
    const whole = pipeline !== undefined || isReckoned(keys.name) ? [everything] : []
    if (!log.covers(keys.name) || isReckoned(keys.name)) {
      if (whole.length > 0) await this.#ticket(guarded).add(whole)
      return 'pass'
    }
    if (keys.kind === 'document') {
      await this.#ticket(guarded).add([{ name: keys.name, ids: keys.ids }, ...whole])
      return 'pass'
    }
    // Servers take the id from there as well.
    const given = call.query.getAll('id').at(-1)
    if (given !== undefined) {
      const isId = given !== '' && !given.includes('\ufffd')
      await this.#ticket(guarded).add([{ name: keys.name, ids: isId ? [given] : undefined }, ...whole])
      return 'pass'
    }
    if (server.keepsIds) {
      await this.#ticket(guarded).add([{ name: keys.name, ids: undefined }, ...whole])
      return 'pass'
    }
    const id = makeId()
    await this.#ticket(guarded).add([{ name: keys.name, ids: [id] }, ...whole])
    return { pass: { url: urlWithId(call.url, id) } }
  }

  /** It may go on in the cluster when the call is answered, or given up. */
  async #everything(guarded: GuardedCall, expressions: readonly string[]): Promise<'pass'> {
    const { log, tasks } = this.#options
    // Of a body that cannot be read here, as SMILE, the cluster alone knows where it leads.
    const notes = (expressions.length === 0 ? ['_all'] : expressions)
      .flatMap((expression) => notesOfExpression(expression))
      .filter(({ name, ids }) => ids !== undefined || log.covers(name))
    if (notes.length === 0) return 'pass'
    const ticket = await log.begin(notes)
    guarded.watch((isAnswered) => {
      if (!isAnswered || callGoesOn(guarded.call)) tasks.settleWhenOver(ticket, guarded)
      else ticket.answered()
    })
    return 'pass'
  }

  async #bulk(guarded: GuardedCall, index: string | undefined, server: Server): Promise<'pass' | PassedOn> {
    const { call, passed, passage } = guarded
    if (!passed.body.isThere) return 'pass'
    const ticket = this.#ticket(guarded)
    if (
      /^application\/(?:x-)?(?:smile|cbor|yaml)\b|\+(?:smile|cbor|yaml)\b/i.test(call.headers['content-type'] ?? '')
    ) {
      await ticket.add(index === undefined ? [everything] : [{ name: index, ids: undefined }, everything])
      return 'pass'
    }
    let isChanged = false
    const facts = { index, pipeline: pipelineOf(call.query) }
    const recorder = this.#recorder(facts, ticket, server, () => {
      isChanged = true
    })
    const isPacked = call.headers['content-encoding'] !== undefined
    if ((passed.body.isSmall && !isPacked) || passage.signs) {
      const parts: Buffer[] = []
      for await (const part of recordedLines([await call.body()], recorder)) parts.push(part)
      return isChanged ? { pass: { body: Buffer.concat(parts) } } : 'pass'
    }
    const body = Readable.from(recordedLines(unpackedBody(guarded), recorder), { objectMode: false })
    passed.response.once('close', () => body.destroy())
    // Told to whoever sends it; nobody may be left to hear it once the cluster has answered.
    body.on('error', () => {})
    return { pass: { body } }
  }

  #recorder(
    facts: Pick<BulkRecorder, 'index' | 'pipeline'>,
    ticket: WriteTicket,
    { keepsIds, answersCreate }: Server,
    onMadeId: () => void,
  ): BulkRecorder {
    const { log } = this.#options
    const known = new Map<string, boolean>()
    let { generation } = log
    const covers = (name: string): boolean => {
      // A body may take minutes, in which aliases are learnt.
      if (generation !== log.generation) known.clear()
      generation = log.generation
      const found = known.get(name) ?? log.covers(name)
      if (known.size < knownMax) known.set(name, found)
      return found
    }
    return {
      ...facts,
      covers,
      keepsIds,
      answersCreate,
      onMadeId,
      record: (ids, whole) =>
        ticket.add([
          ...[...ids].map(([name, written]): WriteNote => ({ name, ids: written })),
          ...[...whole].map((name): WriteNote => (name === undefined ? everything : { name, ids: undefined })),
        ]),
    }
  }

  #ticket(guarded: GuardedCall): WriteTicket {
    const ticket = this.#options.log.ticket()
    guarded.watch((isAnswered) => (isAnswered ? ticket.answered() : ticket.lost()))
    return ticket
  }

  /** What does not say what it is may have types. */
  async #server({ call }: GuardedCall): Promise<Server> {
    try {
      const { flavour, major } = await this.#options.version(call.caller.clusterHeaders)
      const isOld = flavour === 'elasticsearch'
      return {
        typed: major < (flavour === 'opensearch' ? 2 : 8),
        keepsIds: isOld && major < 2,
        answersCreate: isOld && major === 2,
      }
    } catch {
      return { typed: true, keepsIds: false, answersCreate: false }
    }
  }
}

interface Server {
  readonly typed: boolean
  /** Mappings may say in which field the id is (`_id.path`), and an id beside it is refused. */
  readonly keepsIds: boolean
  readonly answersCreate: boolean
}

const knownMax = 10_000
