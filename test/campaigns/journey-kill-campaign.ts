// Migrations by snapshots are killed and started again with the same words until they are at their end; then everything about them is checked.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cluster } from '../../src/cluster/cluster.ts'
import type { JourneyRecord } from '../../src/migration/snapshot-journey/journey-record.ts'
import { createTestIndex, deleteTestIndex } from '../documents/fill-index.ts'
import { seededChance } from '../faults/seeded-chance.ts'
import { type Ended, Indexferry } from '../journeys/indexferry.ts'
import { checkDone, checkTakenBack, type JourneyNames } from './journey-kill-checks.ts'
import { JourneyWriter } from './journey-kill-writer.ts'
import { chooseInstant, describeInstant, StepWatch } from './kill-instants.ts'

export interface JourneyKillOptions {
  readonly source: { readonly cluster: Cluster; readonly url: string }
  readonly target: { readonly cluster: Cluster; readonly url: string }
  /** Below which the source writes its repositories, and where indexferry finds them. */
  readonly sourceFolder: string
  readonly sourceStore: (path: string) => string
  readonly targetFolder: string
  readonly env: Readonly<Record<string, string>>
  readonly kills: number
  readonly seed: number
  readonly documents: number
  readonly note: (line: string) => void
  readonly signal: AbortSignal
}

export interface JourneyKillResult {
  readonly kills: number
  readonly runs: number
  readonly journeys: number
  /** What the migration was at. */
  readonly killsByState: Readonly<Record<string, number>>
  readonly killsByInstant: Readonly<Record<string, number>>
}

/** Throws at the first thing that does not hold. */
export async function runJourneyKills(options: JourneyKillOptions): Promise<JourneyKillResult> {
  await using indexferry = await Indexferry.install()
  await using sourceWatch = await StepWatch.before(options.source.url)
  await using targetWatch = await StepWatch.before(options.target.url)
  const campaign = new JourneyKills(options, indexferry, [sourceWatch, targetWatch])
  while (campaign.kills < options.kills) await campaign.runJourney()
  const { kills, runs, journeys, killsByState, killsByInstant } = campaign
  return { kills, runs, journeys, killsByState, killsByInstant }
}

/** The requests at which a kill strikes besides random instants. */
const steps = ['snapshot', 'close', 'restore', 'open', 'settings', 'aliases', 'recovery', 'search', 'refresh'] as const
const killsInStageMax = 3

class JourneyKills {
  kills = 0
  runs = 0
  journeys = 0
  readonly killsByState: Record<string, number> = {}
  readonly killsByInstant: Record<string, number> = {}
  private readonly options: JourneyKillOptions
  private readonly indexferry: Indexferry
  private readonly watches: readonly [StepWatch, StepWatch]
  private readonly chance: () => number
  /** How long a run takes that is not killed, by what it does: instants are chosen within it. */
  private readonly tookMs = new Map<string, number>()

  constructor(options: JourneyKillOptions, indexferry: Indexferry, watches: readonly [StepWatch, StepWatch]) {
    this.options = options
    this.indexferry = indexferry
    this.watches = watches
    this.chance = seededChance(options.seed)
  }

  /** One migration: cycles with a client that writes, then the cut-over, or going back from somewhere in it. */
  async runJourney(): Promise<void> {
    const names = this.newNames()
    const { source, target, note, documents } = this.options
    const plan = await this.writePlan(names)
    await createTestIndex(source.cluster, names.index, { shards: 2, mapping: { properties: { n: { type: 'long' } } } })
    await createTestIndex(target.cluster, names.former)
    await target.cluster.json({ method: 'PUT', path: `/${names.former}/_alias/${names.alias}` })
    const before = this.kills
    await using writer = await JourneyWriter.start(source.cluster, names.index, documents)
    let isTakenBack = false
    try {
      await this.stage(['migrate', plan], 'waiting', names)
      if (this.chance() < 0.5) await this.stage(['migrate', plan], 'waiting', names)
      isTakenBack = this.chance() < 0.3 && (await this.breakOff(plan, names))
      if (isTakenBack) await this.stage(['migrate', plan, '--abort'], 'aborted', names)
      else await this.stage(['migrate', plan, '--cut-over'], 'completed', names)
      await writer.stop()
      const state = { names, indexferry: this.indexferry, source: source.cluster, target: target.cluster, writer }
      await (isTakenBack ? checkTakenBack(state) : checkDone({ ...state, urls: [source.url, target.url] }))
    } catch (error) {
      this.options.signal.throwIfAborted()
      throw new Error(`${names.index}: ${(error as Error).message}`, { cause: error })
    }
    this.journeys++
    const end = isTakenBack ? 'taken back' : 'completed'
    note(
      `${this.kills} kills; ${names.index}: ${end} after ${this.kills - before}, ${writer.acknowledged} documents written`,
    )
    await this.clear(names)
  }

  private newNames(): JourneyNames {
    const name = `kill-${this.options.seed}-${this.journeys}`
    return {
      migration: name,
      index: `${name}-movies`,
      restored: `restored-${name}`,
      former: `former-${name}`,
      alias: `live-${name}`,
      isReleased: this.chance() < 0.5,
    }
  }

  private writePlan({ migration, index, restored, alias, isReleased }: JourneyNames): Promise<string> {
    const { sourceFolder, sourceStore, targetFolder } = this.options
    const place = join(targetFolder, migration)
    const settings = { location: join(sourceFolder, migration) }
    const plan = {
      name: migration,
      indices: index,
      source: {
        cluster: this.watches[0].url,
        repository: { name: migration, type: 'fs', settings },
        store: { location: sourceStore(migration) },
      },
      target: {
        cluster: this.watches[1].url,
        repository: { name: migration, type: 'fs', settings: { location: place } },
        store: { location: place },
      },
      restore: { rename_pattern: '^.*$', rename_replacement: restored, relax: this.chance() < 0.5 },
      cut_over: { alias, source_afterwards: isReleased ? 'released' : 'read_only' },
    }
    return this.indexferry.write(`${migration}.yaml`, JSON.stringify(plan))
  }

  /** The last cycle is begun and killed somewhere in it. False when it came to its end all the same. */
  private async breakOff(plan: string, names: JourneyNames): Promise<boolean> {
    const ended = await this.runOnce(['migrate', plan, '--cut-over'], true)
    const { record } = await this.status(names)
    if (!ended) this.killsByState[record.state] = (this.killsByState[record.state] ?? 0) + 1
    return record.state !== 'completed'
  }

  private async stage(args: readonly string[], end: string, names: JourneyNames): Promise<void> {
    for (let killed = 0; ; killed++) {
      const mayKill = this.kills < this.options.kills && killed < killsInStageMax
      const ended = await this.runOnce(args, mayKill)
      if (ended) {
        assert.equal(ended.code, 0, `indexferry ${args.join(' ')} ended with ${ended.code}: ${ended.stderr}`)
        assert.equal((JSON.parse(ended.stdout) as JourneyRecord).state, end)
        return
      }
      const { record } = await this.status(names)
      this.killsByState[record.state] = (this.killsByState[record.state] ?? 0) + 1
      // The kill came between the end of the work and the end of the process; the same command would begin another cycle.
      if (record.state === end) return
    }
  }

  private async status({ migration }: JourneyNames): Promise<{ readonly record: { readonly state: string } }> {
    const { code, stdout } = await this.indexferry.run(['status', migration, '--json'])
    return code === 0
      ? (JSON.parse(stdout) as { readonly record: { readonly state: string } })
      : { record: { state: 'not begun' } }
  }

  /** Undefined when it was killed. */
  private async runOnce(args: readonly string[], mayKill: boolean): Promise<Ended | undefined> {
    const { signal, env } = this.options
    const kind = args[2] ?? 'cycle'
    const choice = { withinMs: this.tookMs.get(kind) ?? 5_000, steps, hasFile: false }
    const instant = mayKill ? chooseInstant(this.chance, choice) : undefined
    this.runs++
    const begun = performance.now()
    const { child, ended } = this.indexferry.start([...args, '--json', '--progress', 'none'], { env })
    const kill = () => void child.kill('SIGKILL')
    for (const each of this.watches) each.arm(instant, kill)
    const timer = instant && setTimeout(kill, instant.ms)
    signal.addEventListener('abort', kill)
    const end = await ended
    clearTimeout(timer)
    signal.removeEventListener('abort', kill)
    for (const each of this.watches) each.arm(undefined, () => {})
    signal.throwIfAborted()
    if (end.code !== null || !instant) {
      this.tookMs.set(kind, performance.now() - begun)
      return end
    }
    this.kills++
    const struck = instant.kind === 'request' ? describeInstant(instant) : 'at a random time'
    this.killsByInstant[struck] = (this.killsByInstant[struck] ?? 0) + 1
    return undefined
  }

  private async clear({ migration, index, restored, former }: JourneyNames): Promise<void> {
    const { source, target, sourceFolder, targetFolder } = this.options
    await deleteTestIndex(source.cluster, index)
    for (const name of [restored, former]) await deleteTestIndex(target.cluster, name)
    for (const { cluster } of [source, target])
      await cluster.json({ method: 'DELETE', path: `/_snapshot/${migration}`, accept: [404] })
    for (const folder of [sourceFolder, targetFolder])
      await rm(join(folder, migration), { recursive: true, force: true })
  }
}
