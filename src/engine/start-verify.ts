// Runs a verification: plans what is compared with what, compares, repairs if asked for, and writes the report.
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrorOf } from '../foundation/errors.ts'
import { openUnitTarget } from '../mechanism/open-unit.ts'
import { planCopy } from '../migration/copy-plan.ts'
import { refuseProblems } from '../migration/run-copy.ts'
import {
  type ComparedGroup,
  compareGroupDefinitions,
  groupUnits,
  openGroup,
  type VerifySides,
} from '../migration/verify-copy.ts'
import { formatLocation, type Location } from '../model/location.ts'
import { watchNodes } from '../pipeline/node-load.ts'
import { Throttle } from '../pipeline/throttle.ts'
import { openNdjsonSource } from '../source/ndjson-source.ts'
import { deleteDocuments } from '../target/delete-documents.ts'
import type { RepairActions } from '../verify/repair.ts'
import { type VerificationReport, writeReport } from '../verify/report.ts'
import type { ComparedSides } from '../verify/scan-buckets.ts'
import type { VerificationOptions } from '../verify/verification-options.ts'
import type { VerificationProgress } from '../verify/verification-progress.ts'
import { verifyIndexes } from '../verify/verify.ts'
import { copyKey, openCatalog } from './catalog.ts'
import { bodyBytesDefault, contentOptions, fieldEdits, planOptions, readingOptions } from './copy-request.ts'
import { type OpenSides, openSides, writersDefault } from './open-sides.ts'
import type { CommandValues } from './option-values.ts'
import { slowedSource } from './slowed-source.ts'

export interface VerifyRequest {
  readonly source: Location
  readonly target: Location
  readonly values: CommandValues
  readonly stateFolder: string
  readonly note: (text: string) => void
  readonly stop: AbortSignal
  readonly onProgress: (progress: VerificationProgress, index: string) => void
}

export interface VerifyResult {
  readonly verdict: 'equal' | 'different' | 'incomplete'
  readonly reports: readonly VerificationReport[]
  /** Where the reports were written. */
  readonly files: readonly string[]
}

export async function startVerify(request: VerifyRequest): Promise<VerifyResult> {
  const { values } = request
  await using open = await openSides(request.source, request.target, values, request.note)
  const reading = await readingOptions(values)
  const sides: VerifySides = {
    source: open.source,
    target: open.target,
    reading,
    edits: fieldEdits(values),
    transformModule: values.transform.transform,
  }
  const plan = await planCopy(open.source, open.target, await planOptions(values, request.note))
  refuseProblems(plan)
  const groups = groupUnits(plan.units)
  await using speed = limitSpeed(open, request)
  const reports: VerificationReport[] = []
  const files: string[] = []
  for (const group of groups) {
    const report = await verifyGroup(group, sides, request, speed)
    reports.push(report)
    const file = values.verify.report
    if (file === undefined) continue
    const named = groups.length === 1 ? file : withIndexName(file, group.target)
    await writeReport(named, report)
    files.push(named)
  }
  const verdicts = new Set(reports.map(({ verdict }) => verdict))
  const verdict = verdicts.has('different') ? 'different' : verdicts.has('incomplete') ? 'incomplete' : 'equal'
  return { verdict, reports, files }
}

/** Each side is read at the given rate. */
interface Speed {
  readonly source: Throttle
  readonly target: Throttle
  /** Aborted when what watches the nodes fails. */
  readonly failed: AbortSignal
}

function limitSpeed({ source }: OpenSides, { values, note, stop }: VerifyRequest): Speed & AsyncDisposable {
  const { rate = {}, sourceLoadMax } = values.pipeline
  const failed = new AbortController()
  const speed: Speed = { source: new Throttle(rate), target: new Throttle(rate), failed: failed.signal }
  const ended = new AbortController()
  const limits = () => ({ processor: sourceLoadMax, heap: undefined, writeQueue: undefined })
  const signal = AbortSignal.any([ended.signal, stop])
  const watching =
    source.kind === 'cluster' && sourceLoadMax !== undefined
      ? watchNodes({ side: 'source', cluster: source.cluster, throttle: speed.source, limits, note, signal })
      : Promise.resolve()
  const watched = watching.catch((error: unknown) => failed.abort(error))
  return {
    ...speed,
    [Symbol.asyncDispose]: async () => {
      ended.abort()
      await watched
    },
  }
}

const slowed = ({ source, target }: ComparedSides, speed: Speed): ComparedSides => ({
  source: { ...source, source: slowedSource(source.source, speed.source) },
  target: { ...target, source: slowedSource(target.source, speed.target) },
})

/** `report.json` → `report.INDEX.json`. */
const withIndexName = (file: string, index: string): string =>
  file.replace(/(\.[^./\\]+)?$/, (ending) => `.${index}${ending}`)

async function verifyGroup(
  group: ComparedGroup,
  sides: VerifySides,
  request: VerifyRequest,
  speed: Speed,
): Promise<VerificationReport> {
  const { values, stop, onProgress } = request
  const { compare, sample, recheckAfter, differencesMax } = values.verify
  const compared = slowed(await openGroup(group, sides), speed)
  const key = copyKey(request.source, request.target, contentOptions(values))
  const options: VerificationOptions = {
    signal: AbortSignal.any([stop, speed.failed]),
    compare,
    readers: Math.max(1, Math.min(2, values.reading.readers)),
    recheckAfterMs: recheckAfter,
    differencesMax,
    definitionDifferences: await compareGroupDefinitions(group, sides),
    knownRejected: await knownRejected(request, key),
    stateFolder: join(request.stateFolder, 'verify', `${key}-${encodeURIComponent(group.name)}`),
    fingerprint: key,
    onProgress: (progress) => onProgress(progress, group.name),
    ...(sample === undefined ? {} : { sampleShare: sample }),
  }
  const repair = values.verify.repair ? await repairActions(group, sides, request) : undefined
  const { report } = await verifyIndexes(compared, repair ? { ...options, repair } : options)
  if (!report.repair || report.repair.written + report.repair.deleted === 0) return report
  // What is signed must be what was read, so that both sides are read once more after a repair.
  const again = await verifyIndexes(slowed(await openGroup(group, sides), speed), options)
  return { ...again.report, repair: report.repair }
}

async function repairActions(
  group: ComparedGroup,
  { target }: VerifySides,
  { values }: VerifyRequest,
): Promise<RepairActions | undefined> {
  if (target.kind === 'file') return undefined
  const unit = group.units[0]!
  const writer = await openUnitTarget(target, unit, {
    writersMax: values.writing.writers ?? writersDefault,
    bodyBytesMax: values.writing.bodyBytes ?? bodyBytesDefault,
    resumeFrom: undefined,
    // What the target has is wrong whatever its version.
    unversioned: true,
  })
  return {
    writeBatch: (batch, signal) => writer.writeBatch(batch, signal),
    deleteBatch: (batch, signal) => deleteDocuments(target.cluster, group.target, batch, signal),
    repairMax: values.verify.repairMax,
  }
}

/** Ids of documents that the target refused in the latest copy of the same words; at most so many are told apart. */
const knownRejectedMax = 1_000_000

async function knownRejected(
  { stateFolder, source, target }: VerifyRequest,
  key: string,
): Promise<ReadonlySet<string>> {
  const ids = new Set<string>()
  const copy = await findCopy(stateFolder, key)
  if (!copy) return ids
  const file = join(stateFolder, 'rejected', `${copy}.ndjson`)
  if (!(await stat(file).catch(() => undefined))) return ids
  const rejected = await openNdjsonSource({ file, index: `${formatLocation(source)} ${formatLocation(target)}` })
  const signal = new AbortController().signal
  for await (const batch of rejected.readBatches((await rejected.listPartitions())[0]!, undefined, {
    signal,
    batchBytes: () => 1e6,
  })) {
    for (let row = 0; row < batch.count && ids.size < knownRejectedMax; row++) ids.add(batch.id(row))
  }
  return ids
}

/** A verification needs no catalog: without one there are no known rejections. */
async function findCopy(stateFolder: string, key: string): Promise<string | undefined> {
  if (
    !(await readFile(join(stateFolder, 'catalog.db')).then(
      () => true,
      () => false,
    ))
  )
    return undefined
  try {
    using catalog = openCatalog(stateFolder)
    return catalog.listCopies().find((copy) => copy.key === key)?.id
  } catch (error) {
    if (isErrorOf(error, 'STATE_UNUSABLE')) return undefined
    throw error
  }
}
