// npm run test:object-kill -- [--kills 100] [--seed N]
//
// Objects are copied between real stores and folders, the program is killed (kill -9) again and again, and started again with the same
// words until it ends: every object has to be right, and no upload and no temporary file may be left.
import assert from 'node:assert/strict'
import { lookup } from 'node:dns'
import type { IncomingMessage } from 'node:http'
import { Agent } from 'node:http'
import { seededChance } from '../faults/seeded-chance.ts'
import { type Ended, Indexferry } from '../journeys/indexferry.ts'
import { type ChangingProxy, type Interference, startChangingProxy } from '../objectstores/changing-proxy.ts'
import { startObjectStore } from '../objectstores/object-stores.ts'
import { playOss } from '../objectstores/oss-quirks.ts'
import { clientOf } from '../objectstores/store-sides.ts'
import { anySeed, note, readOptions, signal } from './campaign.ts'
import {
  bucketPlace,
  campaignObjects,
  fillBase,
  fillFolder,
  folderPlace,
  type Objects,
  ossPlace,
  type Place,
} from './object-kill-rounds.ts'

const { kills, seed } = readOptions({ kills: 100, seed: anySeed() })
const chance = seededChance(seed)
/** A round that was killed so often is left to end: the next one begins elsewhere. */
const killsInRoundMax = 12

/** The requests to a store of which each changes what a next run finds. */
const steps = {
  list: ({ method, url = '' }) => method === 'GET' && url.includes('list-type'),
  put: ({ method, url = '' }) => method === 'PUT' && !url.includes('partNumber'),
  'begin upload': ({ method, url = '' }) => method === 'POST' && /[?&]uploads\b/.test(url),
  'put part': ({ method, url = '' }) => method === 'PUT' && url.includes('partNumber'),
  'complete upload': ({ method, url = '' }) => method === 'POST' && url.includes('uploadId'),
} satisfies Record<string, (request: IncomingMessage) => boolean>
type Step = keyof typeof steps

interface Instant {
  readonly step: Step | undefined
  readonly when: 'before' | 'after'
  readonly nth: number
  readonly ms: number
}

/** Strikes at a step of the requests that pass. */
class Watch {
  instant: Instant | undefined
  kill = () => {}
  private seen = 0

  readonly interference: Interference = {
    before: async (request) => {
      if (!this.isMet(request)) return undefined
      this.seen++
      if (this.seen === this.instant?.nth && this.instant.when === 'before') this.kill()
      return undefined
    },
    // The store has done what was asked for; nobody learns of it.
    headers: (request, headers) => {
      if (this.isMet(request) && this.seen >= (this.instant?.nth ?? 0) && this.instant?.when === 'after') this.kill()
      return headers
    },
  }

  private isMet(request: IncomingMessage): boolean {
    const step = this.instant?.step
    return step !== undefined && steps[step](request)
  }

  arm(instant: Instant | undefined, kill: () => void): void {
    this.seen = 0
    this.instant = instant
    this.kill = kill
  }
}

interface Round {
  readonly name: string
  readonly from: Place
  readonly to: Place
  readonly hasSteps: boolean
}

let killed = 0
let runs = 0
const counts: Record<string, number> = {}
const rounds: Record<string, number> = {}
const tell = (table: Readonly<Record<string, number>>) =>
  Object.entries(table)
    .sort(([, left], [, right]) => right - left)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')

/** Half at any time, half at a step where the target has some. */
function chooseInstant({ hasSteps }: Round, lastMs: number): Instant {
  const ms = Math.round(chance() * lastMs)
  if (!hasSteps || chance() < 0.5) return { step: undefined, when: 'before', nth: 0, ms }
  const names = Object.keys(steps) as Step[]
  const step = names[Math.floor(chance() * names.length)] as Step
  const nth = 1 + Math.floor(chance() * (step === 'put' ? 60 : step === 'put part' ? 8 : 2))
  return { step, when: chance() < 0.5 ? 'before' : 'after', nth, ms: 60_000 }
}

async function runOnce(
  indexferry: Indexferry,
  round: Round,
  watch: Watch,
  instant: Instant | undefined,
): Promise<Ended> {
  runs++
  const words = ['object', 'copy', round.from.url, round.to.url, '--part-size', '5mb', '--json', '--rate', '40mb']
  const { child, ended } = indexferry.start(words, { env: { ...round.from.env, ...round.to.env } })
  let isStruck = false
  const strike = () => {
    isStruck = true
    child.kill('SIGKILL')
  }
  watch.arm(instant, strike)
  const timer = instant && setTimeout(() => child.kill('SIGKILL'), instant.ms)
  const stop = () => child.kill('SIGKILL')
  signal.addEventListener('abort', stop)
  const end = await ended
  signal.removeEventListener('abort', stop)
  clearTimeout(timer)
  watch.arm(undefined, () => {})
  signal.throwIfAborted()
  if (end.code === null && instant) {
    killed++
    const name = isStruck && instant.step ? `${instant.when} ${instant.step}` : 'at any time'
    counts[name] = (counts[name] ?? 0) + 1
  }
  return end
}

/** `lastMs`: how long a whole copy takes about; a kill comes sooner. */
async function runRound(indexferry: Indexferry, round: Round, watch: Watch, objects: Objects): Promise<void> {
  await round.to.clear()
  const before = killed
  const lastMs = 3_500
  for (;;) {
    const mayKill = killed < kills && killed - before < killsInRoundMax
    const ended = await runOnce(indexferry, round, watch, mayKill ? chooseInstant(round, lastMs) : undefined)
    if (ended.code === null) continue
    assert.equal(ended.code, 0, `${round.name} ended with ${ended.code}: ${ended.stdout}\n${ended.stderr}`)
    break
  }
  await round.to.check(objects)
  rounds[round.name] = (rounds[round.name] ?? 0) + 1
  note(`${killed} kills; ${round.name}: complete and right after ${killed - before} kills`)
}

const localhost = (_: string, options: object, done: never) => lookup('localhost', options, done)

async function campaign(): Promise<void> {
  const watch = new Watch()
  await using source = await startObjectStore('versitygw')
  await using target = await startObjectStore('versitygw')
  await using proxy: ChangingProxy = await startChangingProxy(target.url, watch.interference)
  await using oss = await playOss(watch.interference)
  await using indexferry = await Indexferry.install()
  const objects = campaignObjects(chance)
  const folder = folderPlace(indexferry.path('filled'))
  await fillFolder(folder.url, objects)
  const from = await fillBase(source, objects)
  const ossClient = clientOf(oss.store, {
    endpoint: oss.endpoint,
    forcePathStyle: false,
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { httpAgent: new Agent({ lookup: localhost as never }) },
  })
  const all: readonly Round[] = [
    { name: 'store to store', from, to: await bucketPlace(target, proxy.url), hasSteps: true },
    { name: 'store to OSS', from, to: await ossPlace(oss, ossClient), hasSteps: true },
    { name: 'folder to store', from: folder, to: await bucketPlace(target, proxy.url), hasSteps: true },
    { name: 'store to folder', from, to: folderPlace(indexferry.path('copied')), hasSteps: false },
    { name: 'within one store', from, to: await bucketPlace(source, source.url), hasSteps: false },
  ]
  for (let n = 0; killed < kills; n++) await runRound(indexferry, all[n % all.length] as Round, watch, objects)
  note(`${killed} kills in ${runs} runs; every object was right each time, and nothing was left behind`)
  note(`rounds: ${tell(rounds)}`)
  note(`killed: ${tell(counts)}`)
}

console.log(`object kill campaign: ${kills} kills, seed ${seed}`)
try {
  await campaign()
} catch (error) {
  if (signal.aborted) console.log('stopped')
  else console.error(`FAILED (again with: npm run test:object-kill -- --kills ${kills} --seed ${seed})\n`, error)
  process.exitCode = signal.aborted ? 130 : 1
}
