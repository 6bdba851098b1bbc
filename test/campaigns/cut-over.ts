// npm run test:cut-over -- [--rounds 30] [--seed N] [--rate 600] [--rate-min 500] [--documents 5000] [--disturbed 0.33]
//                         [--writers 8] [--batch 25]
//
// Cuts over and goes back again and again, under writers that keep account of every acknowledged write. A part of the switches is
// disturbed at a random step: the program is killed, a side fails, or the time limit is too short. After each, one side takes writes and the
// other does not; after each way back both sides are equal and no acknowledged write is missing. In every third round nothing is deleted: a
// delete can make good what went wrong with the document before.
//
// It fails as well when fewer than `--rate-min` writes a second were acknowledged during the switches, in the time in which a side took
// writes; `--rate-min 0` for machines that cannot.
import assert from 'node:assert/strict'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { openCluster } from '../../src/cluster/open-cluster.ts'
import { indexPath } from '../../src/cluster/paths.ts'
import { MigrationCatalog, type MigrationListing } from '../../src/engine/catalog-migrations.ts'
import { switchPlace, switchSteps } from '../../src/migration/live-journey/migration-states.ts'
import { bulkDocuments, createTestIndex, refreshTestIndex } from '../documents/fill-index.ts'
import { type Fault, startInterferingProxy } from '../faults/interfering-proxy.ts'
import { seededChance } from '../faults/seeded-chance.ts'
import { type AcknowledgingSide, deletesUsual, type WritingTally } from '../journeys/acknowledged-writers.ts'
import { readIndex } from '../journeys/copy-index.ts'
import { type Ended, eventually, Indexferry, type Running } from '../journeys/indexferry.ts'
import { startServer } from '../servers/servers.ts'
import { anySeed, note, readOptions, signal } from './campaign.ts'
import { WritersInThread } from './cut-over-writers.ts'

const wanted = {
  rounds: 30,
  seed: anySeed(),
  rate: 600,
  'rate-min': 500,
  documents: 5000,
  disturbed: 0.33,
  writers: 8,
  batch: 25,
}
const { rounds, seed, rate, 'rate-min': rateMin, documents, disturbed, writers: clients, batch } = readOptions(wanted)
const [index, alias] = ['cut-over', 'cut-over-live']
const chance = seededChance(seed)

const sides = ['source', 'target'] as const
const disturbances = ['kill', 'kill', 'target fails', 'source fails', 'timeout'] as const
type Disturbance = (typeof disturbances)[number]

/** While `failing`, whatever indexferry asks a side is refused or cut off. */
const weather: Record<AcknowledgingSide, boolean> = { source: false, target: false }

const storm =
  (side: AcknowledgingSide): Fault =>
  async (request, next) => {
    if (!weather[side]) return next(request)
    const dice = chance()
    if (dice < 0.3) throw new Error('cut off')
    const answer = dice < 0.5 ? await next(request) : undefined
    // Done, and the answer is lost.
    if (answer) return { ...answer, cutAfter: 0 }
    return { status: 503, headers: { 'content-type': 'application/json' }, body: Buffer.from('{"error":"storm"}') }
  }

interface Campaign {
  readonly clusters: Readonly<Record<AcknowledgingSide, Cluster>>
  readonly indexferry: Indexferry
  readonly writers: WritersInThread
  /** What was written during switches, and how often both sides refused, and for how long. */
  readonly switches: { fences: number[]; acknowledged: number; openMs: number; slowest: number }
  runner: Running
}

const perSecond = ({ acknowledged, openMs }: WritingTally): number =>
  openMs > 0 ? Math.round((acknowledged * 1_000) / openMs) : 0

const listing = ({ indexferry }: Pick<Campaign, 'indexferry'>): MigrationListing => {
  const [found] = MigrationCatalog.listOf(indexferry.state)
  assert.ok(found, 'there is a migration')
  return found
}

/** A migration at rest: one side takes writes, and the other follows. */
async function untilSettled(campaign: Campaign): Promise<'following' | 'switched'> {
  return eventually(
    'coming to rest',
    async () => {
      const { record, isRunning } = listing(campaign)
      const { state } = record
      return isRunning && (state === 'following' || state === 'switched') ? state : undefined
    },
    120_000,
  )
}

async function accepts(cluster: Cluster, name: string): Promise<boolean> {
  const { body } = await cluster.json<{ items: readonly Record<string, { status: number }>[] }>({
    method: 'POST',
    path: indexPath(name, '_bulk'),
    contentType: 'ndjson',
    body: Buffer.from(`{"index":{"_id":"probe"}}\n{"value":-1}\n`),
  })
  return Object.values(body.items[0] ?? {}).some(({ status }) => status < 300)
}

/** Exactly the side that is said to, through the alias and by the name of the index. */
async function checkAccepting({ clusters }: Campaign, state: 'following' | 'switched'): Promise<void> {
  const home = state === 'following' ? 'source' : 'target'
  for (const side of sides) {
    assert.equal(await accepts(clusters[side], index), side === home, `${state}: the ${side} takes writes`)
  }
  assert.ok(await accepts(clusters[home], alias), `${state}: the alias leads to the ${home}`)
}

async function checkEqual(campaign: Campaign): Promise<number> {
  const { clusters, writers } = campaign
  await writers.ask({ verb: 'pause' })
  let told = ''
  const found = await eventually(
    'being equal',
    async () => {
      for (const side of sides) await refreshTestIndex(clusters[side], index)
      const [source, target] = [await readIndex(clusters.source, index), await readIndex(clusters.target, index)]
      const differing =
        [...source].find(([key, text]) => target.get(key) !== text) ?? [...target].find(([key]) => !source.has(key))
      told = differing ? `${differing[0]}: ${differing[1]} / ${target.get(differing[0])}` : ''
      return differing ? undefined : source
    },
    60_000,
  ).catch((error: Error) => {
    throw new Error(`${error.message}: ${told}`)
  })
  await writers.ask({ verb: 'check', found })
  await writers.ask({ verb: 'resume' })
  return found.size
}

function restart(campaign: Campaign): void {
  campaign.runner = campaign.indexferry.start([
    'resume',
    listing(campaign).id,
    '--verify-every',
    '0s',
    '--progress',
    'none',
  ])
}

async function disturb(campaign: Campaign, what: Disturbance, isOver: () => boolean): Promise<void> {
  if (what === 'timeout') return
  const step = switchSteps[Math.floor(chance() * (switchSteps.length - 1))]
  const isThere = await eventually(
    `the step ${step}`,
    async () => {
      const { state } = listing(campaign).record
      if (switchPlace(state)?.step === step) return true
      return isOver() ? false : undefined
    },
    120_000,
  )
  note(`${what} in ${isThere ? step : 'no step: it was over before'}`)
  await new Promise((resolve) => setTimeout(resolve, chance() * 300))
  if (what === 'kill') {
    campaign.runner.child.kill('SIGKILL')
    await campaign.runner.ended
    return
  }
  const side = what === 'source fails' ? 'source' : 'target'
  weather[side] = true
  await new Promise((resolve) => setTimeout(resolve, 500 + chance() * 6_000))
  weather[side] = false
}

/** One switch, disturbed or not. Answers with what came of it. */
async function switchOnce(campaign: Campaign, verb: 'cut-over' | 'reverse', disturbance: Disturbance | undefined) {
  const { id, record } = listing(campaign)
  const before = await campaign.writers.ask({ verb: 'tally' })
  const limit = disturbance === 'timeout' ? '1s' : '60s'
  const words = [verb, id, '--force', '--timeout', limit, '--progress', 'none']
  let isOver = false
  const asked = campaign.indexferry.run(words).finally(() => {
    isOver = true
  })
  const [ended] = await Promise.all([asked, disturbance ? disturb(campaign, disturbance, () => isOver) : undefined])
  // The one who asked took it up when the runner was killed, and has ended with it.
  if (campaign.runner.child.exitCode !== null || campaign.runner.child.signalCode !== null) restart(campaign)
  const state = await untilSettled(campaign)
  const speed = noteSpeed(campaign, before, await campaign.writers.ask({ verb: 'tally' }))
  await checkAccepting(campaign, state)
  const wasSwitched = state !== record.state
  const attempt = listing(campaign).record.attempts.at(-1)
  const fenced = attempt?.fencedForMs
  const steps = attempt?.steps.map(({ step, tookMs }) => `${step} ${tookMs}`).join(' ')
  const last = lastLine(ended)
  note(
    `${verb}${disturbance ? `, ${disturbance}` : ''}: ${state}, ${speed} writes/s, fenced ${fenced} ms: ${steps}${wasSwitched ? '' : ` (${last})`}`,
  )
  if (typeof fenced === 'number') campaign.switches.fences.push(fenced)
  return wasSwitched
}

/** Writes a second between two counts, in the time in which a side took them. */
function noteSpeed({ switches }: Campaign, before: WritingTally, after: WritingTally): number {
  const during = { acknowledged: after.acknowledged - before.acknowledged, openMs: after.openMs - before.openMs }
  switches.acknowledged += during.acknowledged
  switches.openMs += during.openMs
  switches.slowest = Math.min(switches.slowest, perSecond(during))
  return perSecond(during)
}

const lastLine = ({ stderr }: Ended): string =>
  stderr
    .trim()
    .split('\n')
    .findLast((line) => line.startsWith('indexferry:')) ?? ''

/** Kills are what most can go wrong with. */
const maybeDisturbance = (): Disturbance | undefined =>
  chance() < disturbed ? disturbances[Math.floor(chance() * disturbances.length)] : undefined

async function goTo(campaign: Campaign, wanted: 'following' | 'switched', disturbance: Disturbance | undefined) {
  const verb = wanted === 'switched' ? 'cut-over' : 'reverse'
  let wasSwitched = await switchOnce(campaign, verb, disturbance)
  for (let again = 0; !wasSwitched; again++) {
    assert.ok(again < 5, `${verb} works undisturbed`)
    wasSwitched = await switchOnce(campaign, verb, undefined)
  }
}

async function campaign(): Promise<void> {
  note('starting opensearch-2.19.4 and opensearch-3.8.0')
  await using sourceServer = await startServer('opensearch-2.19.4')
  await using targetServer = await startServer('opensearch-3.8.0')
  await using source = await openCluster('source', { nodes: [sourceServer.url] })
  await using target = await openCluster('target', { nodes: [targetServer.url] })
  await using sourceProxy = await startInterferingProxy(sourceServer.url, [storm('source')])
  await using targetProxy = await startInterferingProxy(targetServer.url, [storm('target')])
  await using indexferry = await Indexferry.install()
  await createTestIndex(source, index, { shards: 3, mapping: { properties: { value: { type: 'long' } } } })
  await bulkDocuments(
    source,
    index,
    Array.from({ length: documents }, (_, n) => ({ id: `b-${n}`, source: JSON.stringify({ value: n }) })),
  )
  await source.json({ method: 'POST', path: '/_aliases', body: { actions: [{ add: { index, alias } }] } })
  const urls = { source: sourceServer.url, target: targetServer.url }
  const writers = new WritersInThread({
    urls,
    name: alias,
    seed,
    ids: documents,
    writers: clients,
    rate,
    batchMax: batch,
  })
  const words = [
    'migrate',
    `${sourceProxy.url}/${index}`,
    targetProxy.url,
    '--verify-every',
    '0s',
    '--progress',
    'none',
  ]
  const runner = indexferry.start(words)
  const switches = { fences: [], acknowledged: 0, openMs: 0, slowest: Number.POSITIVE_INFINITY }
  const state: Campaign = { clusters: { source, target }, indexferry, writers, switches, runner }
  try {
    const isFollowing = async () =>
      MigrationCatalog.listOf(indexferry.state)[0]?.record.guards.target.length ? true : undefined
    await eventually('following', isFollowing, 120_000)
    for (let round = 1; round <= rounds && !signal.aborted; round++) {
      await writers.ask({ verb: 'delete', share: round % 3 === 0 ? 0 : deletesUsual })
      await goTo(state, 'switched', maybeDisturbance())
      await goTo(state, 'following', maybeDisturbance())
      const count = await checkEqual(state)
      note(`round ${round}: ${count} documents equal`)
    }
    report(state, await writers.ask({ verb: 'tally' }))
    await writers.stop()
  } finally {
    await writers.stop().catch(() => {})
    state.runner.child.kill('SIGKILL')
    await state.runner.ended
  }
}

function report({ switches }: Campaign, tally: WritingTally): void {
  const sorted = switches.fences.sort((a, b) => a - b)
  note(
    `${sorted.length} switches, ${tally.acknowledged} writes acknowledged, ${perSecond(tally)}/s; during the switches ` +
      `${perSecond(switches)}/s, ${switches.slowest}/s in the slowest; ` +
      `no side took writes for ${sorted[sorted.length >> 1]} ms in the middle, ${sorted.at(-1)} ms at most`,
  )
  assert.ok(
    perSecond(switches) >= rateMin,
    `${perSecond(switches)} writes/s during the switches, ${rateMin} are wanted`,
  )
}

console.log(`cut-over campaign: ${rounds} rounds, seed ${seed}`)
try {
  await campaign()
} catch (error) {
  if (signal.aborted) console.log('stopped')
  else console.error(`FAILED (again with: npm run test:cut-over -- --rounds ${rounds} --seed ${seed})\n`, error)
  process.exitCode = signal.aborted ? 130 : 1
}
