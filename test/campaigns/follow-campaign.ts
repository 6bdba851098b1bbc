// Rounds of following in bad weather: clients write, everything that takes part is killed, stopped, cut off and slowed, and at the end
// of each round both sides are compared.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { openCatalog } from '../../src/engine/catalog.ts'
import type { IndexRecord } from '../../src/engine/catalog-records.ts'
import { type ErrorCode, errorCodes } from '../../src/foundation/error-codes.ts'
import { seededChance } from '../faults/seeded-chance.ts'
import { startWeatherProxy } from '../faults/weather-proxy.ts'
import { eventually, Indexferry, type Running } from '../journeys/indexferry.ts'
import { ask } from '../servers/http.ts'
import type { OwnServer } from '../servers/servers.ts'
import { compareContent, RegressionWatch } from './follow-checks.ts'
import { contentOf, firstRouting, startClients } from './follow-clients.ts'
import { commonTroubles, type Parties, type Party, restartSource, restartTarget } from './follow-trouble.ts'

export interface FollowCampaignOptions {
  readonly source: OwnServer
  readonly target: OwnServer
  readonly rounds: number
  readonly seed: number
  readonly ids: number
  /** After so many rounds it begins again with a new index, a first copy included. */
  readonly roundsPerIndex: number
  /** In every so many rounds a server is killed. */
  readonly restartEvery: number
  readonly note: (line: string) => void
  readonly signal: AbortSignal
}

export interface FollowCampaignResult {
  readonly rounds: number
  readonly operations: number
  readonly unknown: number
  readonly starts: number
  readonly looks: number
}

/** Throws at the first thing that does not hold. */
export async function runFollowCampaign(options: FollowCampaignOptions): Promise<FollowCampaignResult> {
  await using sourceProxy = await startWeatherProxy(options.source.url)
  await using targetProxy = await startWeatherProxy(options.target.url)
  const party = (server: OwnServer, proxy: typeof sourceProxy): Party => ({ server, proxy, pid: server.pid })
  const campaign = new FollowCampaign(options, party(options.source, sourceProxy), party(options.target, targetProxy))
  try {
    return await campaign.run()
  } finally {
    await campaign.end()
  }
}

const catchUpMsMax = 60_000

class FollowCampaign {
  private readonly options: FollowCampaignOptions
  private readonly source: Party
  private readonly target: Party
  private readonly chance: () => number
  private readonly revisions = { latest: 0 }
  private follower: Follower | undefined
  private watch: RegressionWatch | undefined
  private index = ''
  private operations = 0
  private unknown = 0
  private starts = 0
  private looks = 0

  constructor(options: FollowCampaignOptions, source: Party, target: Party) {
    this.options = options
    this.source = source
    this.target = target
    this.chance = seededChance(options.seed)
  }

  async run(): Promise<FollowCampaignResult> {
    const { rounds, roundsPerIndex, signal } = this.options
    for (let round = 0; round < rounds; round++) {
      signal.throwIfAborted()
      const isFirst = round % roundsPerIndex === 0
      if (isFirst) await this.beginIndex(round)
      const troubles: string[] = []
      const started = performance.now()
      try {
        await this.round(round, isFirst, troubles)
      } catch (error) {
        signal.throwIfAborted()
        const message = `round ${round} of ${this.index} (${troubles.join('; ')}): ${(error as Error).message}`
        throw new Error(message, { cause: error })
      }
      const seconds = ((performance.now() - started) / 1000).toFixed(1)
      this.options.note(`round ${round + 1}, ${seconds} s, equal; ${troubles.join('; ')}`)
    }
    await this.end()
    const { operations, unknown, starts, looks } = this
    return { rounds, operations, unknown, starts, looks }
  }

  private async beginIndex(round: number): Promise<void> {
    const before = this.index
    await this.end()
    this.index = `follow-${this.options.seed}-${round}`
    const { url } = this.source.server
    const create = { settings: { number_of_shards: 5, number_of_replicas: 0 }, mappings: fieldTypes }
    await call(url, 'PUT', `/${this.index}`, create)
    const lines: string[] = []
    for (let n = 0; n < this.options.ids; n++) {
      lines.push(JSON.stringify({ index: { _id: `d-${n}`, routing: firstRouting(n) } }))
      lines.push(contentOf(n, ++this.revisions.latest, this.chance))
    }
    const { status } = await ask(`${url}/${this.index}/_bulk`, {
      method: 'POST',
      contentType: 'application/x-ndjson',
      body: `${lines.join('\n')}\n`,
    })
    assert.equal(status, 200)
    this.follower = await Follower.begin(`${this.source.proxy.url}/${this.index}`, this.target.proxy.url)
    this.watch = new RegressionWatch(this.target.server.url, this.index)
    if (before) for (const side of [url, this.target.server.url]) await call(side, 'DELETE', `/${before}`)
  }

  async end(): Promise<void> {
    await this.watch?.[Symbol.asyncDispose]()
    this.looks += this.watch?.looks ?? 0
    this.starts += this.follower?.starts ?? 0
    await this.follower?.[Symbol.asyncDispose]()
    this.watch = undefined
    this.follower = undefined
  }

  private async round(round: number, isFirst: boolean, troubles: string[]): Promise<void> {
    const { follower, watch, chance } = this
    assert.ok(follower && watch)
    const clients = startClients({
      url: this.source.server.url,
      index: this.index,
      chance,
      ids: this.options.ids,
      revisions: this.revisions,
    })
    try {
      // The first copies are slow enough for something to happen to them.
      follower.rate = isFirst ? String(Math.ceil(this.options.ids / 6)) : 'none'
      await follower.start()
      await sleep(chance() * 1_500)
      await this.makeTrouble(round, troubles)
      follower.rate = 'none'
      if (isFirst) await follower.pause()
      await sleep(chance() * 1_000)
    } finally {
      await clients.stop()
      this.operations += clients.operations
      this.unknown += clients.unknown
    }
    const took = await follower.caughtUp()
    troubles.push(
      `${clients.operations} operations, ${clients.unknown} without answer, caught up in ${(took / 1000).toFixed(1)} s`,
    )
    watch.check()
    assert.ok(watch.looks > 0, 'the target was looked at')
    await this.compare(follower)
  }

  private async makeTrouble(round: number, troubles: string[]): Promise<void> {
    const parties: Parties = {
      source: this.source,
      target: this.target,
      follower: this.follower as Follower,
      index: () => this.index,
      chance: this.chance,
      onTargetKill: () => this.watch?.forget(),
    }
    const count = 2 + Math.floor(this.chance() * 3)
    const chosen = Array.from(
      { length: count },
      () => commonTroubles[Math.floor(this.chance() * commonTroubles.length)] as (typeof commonTroubles)[number],
    )
    if (round % this.options.restartEvery === this.options.restartEvery - 1) {
      chosen.push(this.chance() < 0.5 ? restartSource : restartTarget)
    }
    for (const trouble of chosen) {
      this.options.signal.throwIfAborted()
      // Some of them at the same time as the next.
      const happening = trouble(parties).then((what) => troubles.push(what))
      if (this.chance() < 0.7) await happening
      else {
        // What goes wrong is told when it is waited for.
        happening.catch(() => {})
        this.together.push(happening)
      }
      await sleep(this.chance() * 800)
    }
    await Promise.all(this.together.splice(0))
    for (const side of [this.source, this.target]) side.proxy.set({ kind: 'clear' })
  }

  private readonly together: Promise<unknown>[] = []

  private async compare(follower: Follower): Promise<void> {
    const urls = [this.source.server.url, this.target.server.url] as const
    const base = (follower.record()?.definition as { versionBase?: number } | undefined)?.versionBase ?? 0
    await compareContent(...urls, this.index, base)
    const { verdict } = await follower.indexferry.verify([`${urls[0]}/${this.index}`, urls[1]])
    assert.equal(verdict, 'equal')
  }
}

const fieldTypes = {
  properties: { n: { type: 'long' }, rev: { type: 'long' }, group: { type: 'long' }, dice: { type: 'double' } },
}

async function call(url: string, method: string, path: string, body?: object): Promise<void> {
  const answer = await ask(url + path, { method, ...(body ? { body: JSON.stringify(body) } : {}) })
  assert.ok(answer.status < 300 || answer.status === 404, `${method} ${path}: ${answer.body}`)
}

/** The program, started again whenever it is not there, as a supervisor would. */
class Follower implements AsyncDisposable {
  starts = 0
  rate = 'none'
  readonly indexferry: Indexferry
  private readonly words: readonly string[]
  private running: Running | undefined
  private isWanted = false
  private failure: Error | undefined

  private constructor(indexferry: Indexferry, words: readonly string[]) {
    this.indexferry = indexferry
    this.words = words
  }

  static async begin(source: string, target: string): Promise<Follower> {
    return new Follower(await Indexferry.install(), ['follow', source, target, '--quiet'])
  }

  async start(): Promise<void> {
    this.isWanted = true
    if (!this.running) this.launch()
  }

  private launch(): void {
    this.starts++
    const running = this.indexferry.start([...this.words, '--rate', this.rate])
    this.running = running
    void running.ended.then(async ({ code, stderr }) => {
      this.running = undefined
      if (code !== null && code !== 130 && !isPassing(stderr))
        this.failure ??= new Error(`it ended with ${code}: ${stderr}`)
      if (code !== null && code !== 130) await sleep(200)
      if (this.isWanted && !this.failure) this.launch()
    })
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.running?.ended
  }

  async pause(): Promise<void> {
    const { running } = this
    running?.child.kill('SIGINT')
    await running?.ended
  }

  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
    this.running?.child.kill(name)
  }

  /** What the catalog says of the index. */
  record(): IndexRecord | undefined {
    using catalog = openCatalog(this.indexferry.state)
    const [copy] = catalog.listCopies()
    return copy && catalog.readCopy(copy.id).indexes[0]
  }

  /** Until everything of before this call is on the target; answers with how long that took. */
  async caughtUp(): Promise<number> {
    const from = Date.now()
    let last = ''
    const isThere = async () => {
      if (this.failure) throw this.failure
      const following = this.record()?.following
      last = JSON.stringify(following)
      const { operationsBehind, writesUpTo = 0, deletesUpTo = 0 } = following ?? {}
      return operationsBehind === 0 && writesUpTo > from && deletesUpTo > from ? true : undefined
    }
    await eventually('catching up', isThere, catchUpMsMax).catch((error: Error) => {
      throw new Error(`${error.message}; it says ${last}`)
    })
    return Date.now() - from
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isWanted = false
    this.signal('SIGCONT')
    await this.kill()
    await this.indexferry[Symbol.asyncDispose]()
  }
}

/** Starting, and copying for the first time, while a side is away or the index is closed: refused with a code that says to try again. */
function isPassing(stderr: string): boolean {
  const code = /\[([A-Z_]+)\]/.exec(stderr)?.[1]
  if (code === undefined || !(code in errorCodes)) return false
  return code === 'INDEX_CLOSED' || errorCodes[code as ErrorCode].retry !== 'never'
}
