// Copies are killed (kill -9) and started again with the same words until they are complete; then everything about them is checked.
import assert from 'node:assert/strict'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { zstdCompressSync } from 'node:zlib'
import type { Cluster } from '../../src/cluster/cluster.ts'
import type { CopyDetails } from '../../src/engine/catalog.ts'
import type { CopyRecord } from '../../src/engine/catalog-records.ts'
import type { CopyResult } from '../../src/engine/start-copy.ts'
import { createTestIndex, deleteTestIndex } from '../documents/fill-index.ts'
import { seededChance } from '../faults/seeded-chance.ts'
import { type Ended, Indexferry } from '../journeys/indexferry.ts'
import {
  acceptedUpTo,
  checkCounts,
  checkDocuments,
  checkFile,
  checkRejected,
  checkSettings,
  checkStatus,
  upTo,
} from './kill-checks.ts'
import { fillKillIndex, type KillIndex, killIndexes, writeBareLines, writeNamedLines } from './kill-documents.ts'
import {
  chooseInstant,
  describeInstant,
  type InstantChoice,
  type KillInstant,
  onRename,
  StepWatch,
} from './kill-instants.ts'

export interface CampaignOptions {
  readonly source: Cluster
  readonly sourceUrl: string
  readonly target: Cluster
  readonly targetUrl: string
  /** Of the names of all indexes. */
  readonly prefix: string
  readonly kills: number
  readonly seed: number
  readonly documents: number
  /** Documents per second: a run has to last long enough to be killed. */
  readonly rate: number
  /** The latest instant of a kill, in milliseconds after the start. */
  readonly withinMs: number
  readonly note: (line: string) => void
  readonly signal: AbortSignal
}

export interface CampaignResult {
  readonly kills: number
  readonly runs: number
  readonly rounds: Readonly<Record<string, number>>
  readonly killsByInstant: Readonly<Record<string, number>>
}

/** One kind of copy: how it is called, what has to be gone before, and what must hold in the end. */
interface Round {
  readonly name: string
  readonly args: readonly string[]
  readonly steps: InstantChoice['steps']
  readonly file?: string
  readonly exitCode: number
  readonly prepare: () => Promise<void>
  readonly check: (result: CopyResult) => Promise<void>
}

/** A round that was killed so often is left to end: the next one begins elsewhere. */
const killsInRoundMax = 20

/** Throws at the first thing that does not hold. */
export async function runKillCampaign(options: CampaignOptions): Promise<CampaignResult> {
  await using indexferry = await Indexferry.install()
  await using sourceWatch = await StepWatch.before(options.sourceUrl)
  await using targetWatch = await StepWatch.before(options.targetUrl)
  const campaign = new KillCampaign(options, indexferry, [sourceWatch, targetWatch])
  try {
    await campaign.fill()
    return await campaign.run()
  } finally {
    await campaign.clear()
  }
}

class KillCampaign {
  private readonly options: CampaignOptions
  private readonly indexferry: Indexferry
  private readonly watches: readonly [StepWatch, StepWatch]
  private readonly indexes: readonly KillIndex[]
  private readonly chance: () => number
  private readonly rounds: Record<string, number> = {}
  private readonly killsByInstant: Record<string, number> = {}
  private kills = 0
  private runs = 0

  constructor(options: CampaignOptions, indexferry: Indexferry, watches: readonly [StepWatch, StepWatch]) {
    this.options = options
    this.indexferry = indexferry
    this.watches = watches
    this.indexes = killIndexes(options.prefix, options.documents)
    this.chance = seededChance(options.seed)
  }

  async fill(): Promise<void> {
    for (const index of this.indexes) await fillKillIndex(this.options.source, index)
    const { documents } = this.options
    await writeNamedLines(this.indexferry.path('named.ndjson'), documents)
    await writeFile(
      this.indexferry.path('named.ndjson.zst'),
      zstdCompressSync(await readFile(this.indexferry.path('named.ndjson'))),
    )
    await writeBareLines(this.indexferry.path('bare.ndjson'), documents)
  }

  async clear(): Promise<void> {
    for (const { name } of this.indexes) await deleteTestIndex(this.options.source, name)
    await this.clearTarget()
  }

  private async clearTarget(): Promise<void> {
    const names = [...this.indexes.map(({ name }) => name), `${this.options.prefix}-file`]
    for (const name of names) await deleteTestIndex(this.options.target, name)
  }

  async run(): Promise<CampaignResult> {
    while (this.kills < this.options.kills) {
      this.options.signal.throwIfAborted()
      const kinds = [
        this.clusterToCluster,
        this.clusterToCluster,
        this.clusterToFile,
        this.fileToCluster,
        this.bareLines,
      ]
      // The first round is of the first kind, so that a short campaign has one.
      const kind = kinds[this.runs === 0 ? 0 : Math.floor(this.chance() * kinds.length)]!
      await this.runRound(kind.call(this))
    }
    const { kills, runs, rounds, killsByInstant } = this
    return { kills, runs, rounds, killsByInstant }
  }

  private clusterToCluster(): Round {
    const { target, prefix } = this.options
    const [source, to] = [this.watches[0].url, this.watches[1].url]
    return {
      name: 'cluster to cluster',
      args: [`${source}/${prefix}-*`, to],
      steps: ['search', 'create', 'settings', 'settings', 'bulk', 'refresh', 'aliases'],
      exitCode: 0,
      prepare: () => this.clearTarget(),
      check: async (result) => {
        checkCounts(result, { read: this.indexes.reduce((sum, { count }) => sum + count, 0) })
        for (const index of this.indexes) {
          assert.equal(result.indexes.find(({ source }) => source === index.name)?.counts.read, index.count, index.name)
          await checkSettings(target, index)
          await checkDocuments(target, index.name, upTo(index.count))
        }
        await this.verify([`${source}/${prefix}-*`, to])
      },
    }
  }

  /** All indexes go into one file; a source that is read by scrolls can only be read again from its beginning. */
  private clusterToFile(): Round {
    const file = this.indexferry.path('copied.ndjson.zst')
    const way = this.chance() < 0.5 ? 'sequence' : 'scroll'
    const source = `${this.watches[0].url}/${this.options.prefix}-*`
    return {
      name: `cluster by ${way} to file`,
      args: [source, file, '--read-by', way, ...(this.chance() < 0.5 ? ['--overwrite'] : [])],
      steps: ['search'],
      file,
      exitCode: 0,
      prepare: () => rm(file, { force: true }),
      check: async (result) => {
        checkCounts(result, { read: this.indexes.reduce((sum, { count }) => sum + count, 0) })
        await checkFile(file, this.indexes)
        await assert.rejects(stat(`${file}.part`), 'nothing is left beside the file')
      },
    }
  }

  private fileToCluster(): Round {
    const { target, prefix, documents } = this.options
    const file = this.indexferry.path(this.chance() < 0.5 ? 'named.ndjson' : 'named.ndjson.zst')
    const args = [file, `${this.watches[1].url}/${prefix}-file`]
    return {
      name: `${file.endsWith('.zst') ? 'packed file' : 'file'} to cluster`,
      args,
      steps: ['create', 'settings', 'bulk', 'refresh'],
      exitCode: 0,
      prepare: () => this.clearTarget(),
      check: async (result) => {
        checkCounts(result, { read: documents })
        await checkDocuments(target, `${prefix}-file`, upTo(documents))
        await this.verify(args)
      },
    }
  }

  /** Ids are made, some documents are refused, and the index is there before. */
  private bareLines(): Round {
    const { target, prefix, documents } = this.options
    const name = `${prefix}-file`
    const accepted = acceptedUpTo(documents)
    const rejected = documents - accepted.length
    return {
      name: 'lines without ids to an index that refuses some',
      args: [this.indexferry.path('bare.ndjson'), `${this.watches[1].url}/${name}`, '--accept-definition'],
      steps: ['settings', 'bulk', 'refresh'],
      exitCode: 4,
      prepare: async () => {
        await this.clearTarget()
        const settings = { refresh_interval: '30s', number_of_replicas: 1 }
        await createTestIndex(target, name, { mapping: { properties: { n: { type: 'long' } } }, settings })
      },
      check: async (result) => {
        checkCounts(result, { read: documents, rejected })
        await checkDocuments(target, name, accepted)
        await checkSettings(target, {
          name,
          count: 0,
          shards: 1,
          settings: { refresh_interval: '30s', number_of_replicas: 1 },
        })
        await checkRejected(result.rejectedFile ?? '', rejected)
      },
    }
  }

  private async runRound(round: Round): Promise<void> {
    await round.prepare()
    const instants: string[] = []
    const started = performance.now()
    try {
      const result = await this.untilComplete(round, instants)
      await round.check(result)
      checkStatus(await this.indexferry.json<CopyDetails>(['status', result.copy]))
    } catch (error) {
      this.options.signal.throwIfAborted()
      const message = `${round.name}, killed ${instants.join(', ')}: ${(error as Error).message}`
      throw new Error(message, { cause: error })
    }
    this.rounds[round.name] = (this.rounds[round.name] ?? 0) + 1
    const seconds = Math.round((performance.now() - started) / 1000)
    this.options.note(
      `${this.kills} kills; ${round.name}: complete and right after ${instants.length} kills, ${seconds} s`,
    )
  }

  private async untilComplete(round: Round, instants: string[]): Promise<CopyResult> {
    const before = this.kills
    const begun = Date.now()
    for (;;) {
      const mayKill = this.kills < this.options.kills && this.kills - before < killsInRoundMax
      const ended = await this.runOnce(round, mayKill, instants)
      if (ended) {
        assert.equal(
          ended.code,
          round.exitCode,
          `indexferry ended with ${ended.code}: ${ended.stdout}\n${ended.stderr}`,
        )
        return JSON.parse(ended.stdout) as CopyResult
      }
      // The kill may have come between the end of the copy and the end of the process; the same command would begin a new one then.
      const [latest] = await this.indexferry.json<readonly CopyRecord[]>(['status'])
      if (latest && latest.state === 'completed' && latest.created >= begun)
        return latest.result as unknown as CopyResult
    }
  }

  /** Undefined when it was killed. */
  private async runOnce(round: Round, mayKill: boolean, instants: string[]): Promise<Ended | undefined> {
    const { withinMs, rate, signal } = this.options
    const choice = { withinMs, steps: round.steps, hasFile: round.file !== undefined }
    const instant = mayKill ? chooseInstant(this.chance, choice) : undefined
    this.runs++
    const args = ['copy', ...round.args, '--rate', String(rate), '--json', '--progress', 'none']
    const { child, ended } = this.indexferry.start(args)
    let isKilled = false
    let isStruck = false
    const kill = () => {
      isKilled = child.kill('SIGKILL') || isKilled
    }
    const strike = () => {
      isStruck = true
      kill()
    }
    for (const each of this.watches) each.arm(instant, strike)
    using _rename =
      instant?.kind === 'rename' && round.file ? onRename(round.file, strike) : { [Symbol.dispose]: () => {} }
    const timer = instant && setTimeout(kill, instant.ms)
    signal.addEventListener('abort', kill)
    const end = await ended
    clearTimeout(timer)
    signal.removeEventListener('abort', kill)
    for (const each of this.watches) each.arm(undefined, () => {})
    signal.throwIfAborted()
    // A process that ended by itself a moment before the kill was not killed.
    if (!isKilled || end.code !== null) return end
    this.kills++
    this.noteKill(instant as KillInstant, isStruck, instants)
    return undefined
  }

  private noteKill(instant: KillInstant, isStruck: boolean, instants: string[]): void {
    instants.push(isStruck ? describeInstant(instant) : `after ${instant.ms} ms`)
    const kind = !isStruck ? 'time' : instant.kind === 'request' ? `${instant.when} ${instant.step}` : instant.kind
    this.killsByInstant[kind] = (this.killsByInstant[kind] ?? 0) + 1
  }

  private async verify(args: readonly string[]): Promise<void> {
    const { verdict } = await this.indexferry.verify(args)
    assert.equal(verdict, 'equal')
  }
}
