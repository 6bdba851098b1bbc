// Keeps clients from changing indexes that follow others. While there are none, it costs one look at the size of a set.
import { collectAnswer } from '../../../cluster/collect-answer.ts'
import { readRootPage } from '../../../cluster/root-page.ts'
import {
  FollowerNames,
  type FollowerSet,
  type LocalLookUp,
  type NameAsker,
} from '../../../engine/replication/follower-names.ts'
import { monotonicMs } from '../../../foundation/clock.ts'
import { IndexferryError } from '../../../foundation/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../model/json.ts'
import { parseJson } from '../body-json.ts'
import type { CallGuard, GuardedCall, Inspection } from '../call-guard.ts'
import type { GatewayAnswer } from '../route.ts'
import { serverError } from '../server-errors.ts'
import { blockDescription, blockedAnswer } from './blocked-answer.ts'
import { answerBulk } from './bulk-call.ts'
import { isReadable, namesInActions, namesInDestination } from './names-in-body.ts'
import { indexOfBulk, type WrittenNames, writtenNames } from './written-names.ts'

export interface WriteGuardOptions {
  /** Indexes that follow others or are paused in it, as of now; asked for each call. */
  readonly followers: () => FollowerSet
}

export class WriteGuard implements CallGuard {
  readonly #options: WriteGuardOptions
  readonly #names: FollowerNames
  #types: { readonly at: number; readonly typed: Promise<boolean | undefined> } | undefined

  constructor(options: WriteGuardOptions) {
    this.#options = options
    this.#names = new FollowerNames(options.followers)
  }

  inspect(method: string, segments: readonly string[]): Inspection | undefined {
    if (this.#options.followers().size === 0) return undefined
    if (method === 'GET' && isBlocksCall(segments)) return (guarded) => this.#showBlocks(guarded)
    // Without mapping types more calls write than with them; which it is, is asked for when it matters.
    if (!writtenNames(method, segments, false)) return undefined
    return async (guarded) => {
      const asker = askerOf(guarded)
      const typed = await this.#hasTypes(asker)
      const written = writtenNames(method, segments, typed)
      return written ? this.#judge(guarded, written, asker, typed) : 'pass'
    }
  }

  async #judge(
    guarded: GuardedCall,
    written: WrittenNames,
    asker: NameAsker,
    typed: boolean,
  ): Promise<GatewayAnswer | 'pass' | 'sent'> {
    if (written.kind === 'bulk')
      return this.#judgeBulk(guarded, indexOfBulk(written.index, guarded.call.query), asker, typed)
    if (written.kind === 'bulk stream') return noStream
    if (written.kind !== 'expression' && !(await isReadable(guarded.call))) return unreadable
    const uses =
      written.kind === 'expression'
        ? [written]
        : written.kind === 'aliases'
          ? (await namesInActions(guarded.call)).map((expression) => ({ expression, use: 'all' as const }))
          : (await namesInDestination(guarded.call)).map((expression) => ({ expression, use: 'write' as const }))
    const blocked = new Set<string>()
    for (const { expression, use } of uses) {
      for (const follower of await this.#names.find(expression, use, asker)) blocked.add(follower)
    }
    return blocked.size === 0 ? 'pass' : blockedAnswer([...blocked].sort())
  }

  #judgeBulk(
    guarded: GuardedCall,
    index: string | undefined,
    asker: NameAsker,
    typed: boolean,
  ): Promise<GatewayAnswer | 'pass' | 'sent'> {
    // What a name leads to is asked for once for each call.
    const known = new Map<string, string | undefined>()
    const judge = (name: string) => {
      if (known.has(name)) return known.get(name)
      return this.#names.find(name, 'write', asker).then(([follower]) => {
        if (known.size < knownMax) known.set(name, follower)
        return follower
      })
    }
    return answerBulk(guarded, { index, judge, typed })
  }

  /** Whether the cluster has mapping types (before Elasticsearch 8 and OpenSearch 2); as long as it does not say, it may. */
  async #hasTypes(asker: NameAsker): Promise<boolean> {
    const known = this.#types
    if (known) {
      const typed = await known.typed
      if (typed !== undefined) return typed
      if (monotonicMs() - known.at < askAgainMs) return true
    }
    const typed = hasTypes(asker)
    this.#types = { at: monotonicMs(), typed: typed.catch(() => undefined) }
    return (await typed) ?? true
  }

  /** As the plugin's block shows itself in the state of the cluster. */
  async #showBlocks({ call }: GuardedCall): Promise<GatewayAnswer | 'pass'> {
    const { status, body } = await call.askCluster()
    const state = status === 200 ? parseJson(body) : undefined
    if (!isJsonObject(state)) return 'pass'
    const blocks = isJsonObject(state.blocks) ? state.blocks : {}
    const indices: Record<string, JsonValue> = isJsonObject(blocks.indices) ? { ...blocks.indices } : {}
    for (const follower of this.#options.followers().keys()) {
      const others = indices[follower]
      indices[follower] = { ...(isJsonObject(others) ? others : {}), 1000: block }
    }
    return { status, body: { ...state, blocks: { ...blocks, indices } } }
  }
}

const knownMax = 10_000
const askAgainMs = 60_000

async function hasTypes({ own, caller }: NameAsker): Promise<boolean | undefined> {
  const page = (await own('/')) ?? (await caller('/'))
  const { isOpenSearch, number } = (page === undefined ? undefined : readRootPage(JSON.stringify(page))) ?? {}
  return number === undefined ? undefined : Number.parseInt(number, 10) < (isOpenSearch ? 2 : 8)
}

const block: JsonObject = { description: blockDescription, retryable: false, levels: ['write', 'metadata_write'] }

const noStream = serverError(
  400,
  'illegal_argument_exception',
  'while indexes of this cluster follow others, the gateway takes no _bulk/stream; send _bulk',
)

const unreadable = serverError(
  406,
  'not_acceptable_exception',
  'while indexes of this cluster follow others, the gateway takes this call with a body only that it can read: JSON, YAML or CBOR',
)

const isBlocksCall = ([first, second, third]: readonly string[]): boolean =>
  first === '_cluster' && second === 'state' && third === 'blocks'

const answerBytesMax = 64 * 1024 * 1024

function askerOf({ call, passage }: GuardedCall): NameAsker {
  const own: LocalLookUp = async (url) => {
    const request = { method: 'GET', url, headers: ['accept', 'application/json'], body: undefined }
    return seen(
      url,
      await collectAnswer(passage, request, { as: 'own', bytesMax: answerBytesMax, signal: call.signal }),
    )
  }
  const caller: LocalLookUp = async (url) => seen(url, await call.askCluster({ method: 'GET', url }))
  return { own, caller, callerHeaders: call.caller.clusterHeaders }
}

function seen(url: string, { status, body }: { status: number; body: Buffer }): JsonValue | undefined {
  if (status === 401 || status === 403) return undefined
  const answer = status === 200 || status === 404 ? parseJson(body) : undefined
  if (answer !== undefined) return answer
  const sentence = `the local cluster answers GET ${url.split('?', 1)[0]} with ${status}, so that it cannot be told what follows another index`
  throw new IndexferryError('CLUSTER_BUSY', sentence, { side: 'target', remedy: 'Try again when the cluster answers.' })
}
