// `indexferry object copy` and `indexferry object audit`: objects between stores, and whether both hold the same.
import { setFlagsFromString } from 'node:v8'
import { parseOptionValues } from '../../config/parse-options.ts'
import { stateFolder } from '../../engine/state-folder.ts'
import { exitCodes } from '../../foundation/error-definition.ts'
import { IndexferryError, type Side } from '../../foundation/errors.ts'
import { formatObjectLocation, type ObjectLocation, parseObjectLocation } from '../../model/object-location.ts'
import { type AuditResult, auditObjects, type ObjectDifference } from '../../objectstore/audit-objects.ts'
import { MoveJournal } from '../../objectstore/move-journal.ts'
import { type MoveRequest, type MoveResult, moveObjects } from '../../objectstore/move-objects.ts'
import type { ObjectStore } from '../../objectstore/object-store.ts'
import { openStore } from '../../objectstore/open-store.ts'
import { type OssimportJob, readOssimportJob } from '../../objectstore/ossimport-job.ts'
import type { StoreSettings } from '../../objectstore/store-settings.ts'
import type { CommandCall } from './commands.ts'
import { formatBytes, formatCount } from './format.ts'
import { describeMove } from './object-progress.ts'
import { pauseSignal } from './pause-signal.ts'
import { printJson, printResult } from './print.ts'
import { ProgressDisplay } from './progress-display.ts'

type Values = ReturnType<typeof parseOptionValues>

interface Sides {
  readonly source: ObjectStore
  readonly target: ObjectStore
  readonly from: ObjectLocation
  readonly to: ObjectLocation
}

interface Work {
  readonly values: Values
  readonly sides: Sides
  readonly job: OssimportJob | undefined
  readonly display: ProgressDisplay
  readonly signal: AbortSignal
}

/** Options that say how objects are written, or what is left out. */
const ofCopy = [
  ['skipExisting', 'checksum', 'deleteExtra', 'partSize', 'serverSide', 'rounds', 'restart'],
  ['storageClass', 'acl', 'encryption', 'encryptionKey', 'rate'],
].flat()
const ofAudit = ['level', 'exact', 'differencesMax']

export async function runObjectCommand(call: CommandCall): Promise<number> {
  const values = parseOptionValues('object', call.flags, process.env)
  // Content passes through in buffers of 64 KB outside the heap, which go when the heap is collected: a young generation that does not grow
  // has them go soon.
  setFlagsFromString('--semi_space_growth_factor=1')
  const [action, ...places] = call.args
  if (action !== 'copy' && action !== 'audit') throw usage(`object ${action}: the actions are copy and audit`)
  refuseOthers(action, call.flags)
  const job = values.objects.ossimportJob === undefined ? undefined : readOssimportJob(values.objects.ossimportJob)
  const [from, to] = locations(places, job)
  const { quiet, progress } = values.engine
  using display = new ProgressDisplay(quiet ? 'none' : progress)
  using pause = pauseSignal((text) => display.note(text))
  for (const note of job?.notes ?? []) display.note(note)
  await using source = await open(values, 'source', from, job)
  await using target = await open(values, 'target', to, job)
  const work = { values, sides: { source, target, from, to }, job, display, signal: pause.signal }
  // A job of type audit stays one whatever the word before it: nobody expects it to write.
  return await (action === 'audit' || job?.action === 'audit' ? audit(work) : copy(work))
}

const usage = (sentence: string): IndexferryError =>
  new IndexferryError('USAGE', sentence, {
    remedy: 'Write indexferry object copy SOURCE TARGET, or indexferry object audit SOURCE TARGET.',
  })

function refuseOthers(action: 'copy' | 'audit', flags: CommandCall['flags']): void {
  const wrong = (action === 'copy' ? ofAudit : ofCopy).find((key) => flags[key] !== undefined)
  if (wrong === undefined) return
  const name = wrong.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  throw usage(`\`indexferry object ${action}\` does not take --${name}`)
}

function locations(places: readonly string[], job: OssimportJob | undefined): [ObjectLocation, ObjectLocation] {
  if (job) {
    if (places.length > 0) throw usage('--ossimport-job brings source and target; no others may be given')
    return [job.source.location, job.target.location]
  }
  const [source, target] = places
  if (source === undefined || target === undefined || places.length > 2)
    throw usage('object wants a source and a target')
  return [parseObjectLocation(source, 'SOURCE'), parseObjectLocation(target, 'TARGET')]
}

function open(
  values: Values,
  side: Side & ('source' | 'target'),
  location: ObjectLocation,
  job: OssimportJob | undefined,
): Promise<ObjectStore> {
  const { ca, insecure, connectTimeout, readTimeout } = values[side]
  const given = values[side === 'source' ? 'sourceStore' : 'targetStore']
  const settings: StoreSettings = { ...given, ...job?.[side].settings, ca, insecure, connectTimeout, readTimeout }
  const { storageClass, acl, encryption, encryptionKey } = values.objects
  const writing = side === 'target' ? { storageClass, acl, encryption, encryptionKey } : {}
  return openStore({ location, side, settings, writing, env: process.env })
}

async function copy(work: Work): Promise<number> {
  const { values, sides, job, display } = work
  const { source, target, from, to } = sides
  const { quiet, json, verbose, restart } = values.engine
  const { objects } = values
  if (values.pipeline.rate?.documentsPerSecond !== undefined)
    throw usage('--rate of objects is in bytes per second, such as 20mb')
  if (objects.checksum && !objects.skipExisting) throw usage('--checksum needs --skip-existing, which it makes exact')
  const skips = objects.skipExisting || job?.skipExisting === true
  using journal = MoveJournal.open(
    stateFolder(values.engine.state, process.env),
    source.placeOf(from.prefix),
    target.placeOf(to.prefix),
  )
  const request: MoveRequest = {
    source,
    target,
    sourcePrefix: from.prefix,
    targetPrefix: to.prefix,
    journal,
    skip: skips ? (objects.checksum ? 'checksum' : 'size and time') : 'never',
    deleteExtra: objects.deleteExtra,
    sinceMs: objects.since ?? job?.sinceMs,
    transfers: objects.transfers,
    partSize: objects.partSize,
    bytesPerSecond: values.pipeline.rate?.bytesPerSecond,
    serverSide: objects.serverSide,
    rounds: objects.rounds,
    restart,
    signal: work.signal,
    note: (text) => {
      if (!quiet) display.note(text)
    },
    ...(verbose ? { onRetry: (text: string) => display.note(`tried again: ${text}`) } : {}),
    onStart: (snapshot) => display.start(() => describeMove(snapshot())),
  }
  const result = await moveObjects(request)
  display.stop()
  if (json) printJson({ source: formatObjectLocation(from), target: formatObjectLocation(to), ...result })
  else if (!quiet) printResult(describeResult(result))
  return exitCodes.done
}

/** A base path that is misspelt has no objects either. */
const nothingThere = '  The source has nothing there: check its bucket and base path.'

function describeResult(result: MoveResult): string {
  const { objects, copied, copiedByStore, skipped, bytesCopied, extra, deleted, repositories } = result
  const lines = [
    `${formatCount(objects)} objects: ${formatCount(copied)} copied (${formatBytes(bytesCopied)}), ${formatCount(skipped)} there already`,
  ]
  if (objects === 0) lines.push(nothingThere)
  if (copiedByStore > 0) lines.push(`  ${formatCount(copiedByStore)} of them copied by the store itself`)
  if (extra > 0)
    lines.push(`  ${formatCount(extra)} only at the target${deleted > 0 ? `, ${formatCount(deleted)} deleted` : ''}`)
  if (result.rounds > 1) lines.push(`  looked through ${result.rounds} times, because the source changed meanwhile`)
  for (const root of repositories)
    lines.push(root === '' ? '  it is a snapshot repository' : `  snapshot repository at "${root}"`)
  return lines.join('\n')
}

async function audit({ values, sides, job, display, signal }: Work): Promise<number> {
  const { json, quiet } = values.engine
  const { objects } = values
  const listed: ObjectDifference[] = []
  let compared = 0
  let read = 0
  display.start(() => `${formatCount(compared)} objects compared · ${formatBytes(read)} read`)
  const result = await auditObjects({
    source: sides.source,
    target: sides.target,
    sourcePrefix: sides.from.prefix,
    targetPrefix: sides.to.prefix,
    level: job?.level ?? objects.level,
    exact: objects.exact,
    sinceMs: objects.since ?? job?.sinceMs,
    transfers: objects.transfers,
    signal,
    onDifference: (difference) => {
      if (listed.length < objects.differencesMax) listed.push(difference)
    },
    onProgress: (objectsCompared, bytesRead) => {
      compared = objectsCompared
      read = bytesRead
    },
  })
  display.stop()
  const verdict = result.differences === 0 ? 'equal' : 'different'
  if (json) printJson({ verdict, ...result, listed })
  else if (!quiet || verdict !== 'equal') printResult(describeAudit(result, listed))
  return verdict === 'equal' ? exitCodes.done : exitCodes.different
}

const words: Readonly<Record<ObjectDifference['kind'], string>> = {
  missing: 'is missing at the target',
  extra: 'is only at the target',
  size: 'has another size',
  older: 'is older at the target than at the source',
  etag: 'has another ETag',
  content: 'has another content',
  changing: 'changed while it was compared',
}

function describeAudit(result: AuditResult, listed: readonly ObjectDifference[]): string {
  const lines = listed.map(({ key, kind, source, target }) => {
    const values = kind === 'size' || kind === 'older' || kind === 'etag' ? ` (${source} at the source, ${target})` : ''
    return `  ${JSON.stringify(key)} ${words[kind]}${values}`
  })
  const { differences } = result
  if (differences > listed.length) lines.push(`  … and ${formatCount(differences - listed.length)} more`)
  const found = differences === 0 ? 'no differences' : `${formatCount(differences)} differences`
  const extra = result.extra > 0 ? `, ${formatCount(result.extra)} objects only at the target` : ''
  const sum = `${formatCount(result.sourceObjects)} objects, ${result.level} audit: ${found}${extra}`
  return [...lines, sum, ...(result.sourceObjects === 0 ? [nothingThere] : [])].join('\n')
}
