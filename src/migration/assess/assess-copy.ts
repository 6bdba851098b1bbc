// Says, before anything is copied, what a copy would do and what stands against it. Both sides are read; nothing is changed but a
// throw-away index on the target, which is deleted again.
import type { Cluster } from '../../cluster/cluster.ts'
import type { ServerCertificate } from '../../cluster/server-certificates.ts'
import { now } from '../../foundation/clock.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import type { CopyUnit } from '../../mechanism/copy-unit.ts'
import type { ReadingOptions, SourceSide, TargetSide } from '../../mechanism/open-unit.ts'
import { formatVersion } from '../../model/cluster-version.ts'
import { type RelaxOptions, relaxedSettings } from '../../target/relaxed-settings.ts'
import { type CopyPlan, type PlanOptions, planCopy } from '../copy-plan.ts'
import { assessIndex, type IndexContext } from './assess-index.ts'
import {
  type AssessedIndex,
  type AssessedSide,
  type Assessment,
  type Finding,
  finding,
  findingOf,
  verdictOf,
  verdictRank,
  worstFirst,
} from './assessment.ts'
import { checkCertificates } from './check-certificates.ts'
import { checkClock } from './check-clocks.ts'
import { checkClusterBlocks, checkTargetHealth } from './check-cluster-health.ts'
import { checkTargetFile } from './check-files.ts'
import { checkShardLimit } from './check-shard-limit.ts'
import { checkSourcePrivileges } from './check-source-privileges.ts'
import { checkSpace, shardCopies } from './check-space.ts'
import { checkTargetPrivileges } from './check-target-privileges.ts'
import { checkVersions } from './check-versions.ts'
import { type ClusterFacts, readClusterFacts } from './cluster-facts.ts'
import { DefinitionTrials } from './definition-trials.ts'
import { estimateCopy } from './estimate-copy.ts'

export interface AssessContext {
  readonly source: SourceSide
  readonly target: TargetSide
  readonly plan: Omit<PlanOptions, 'note'>
  readonly reading: ReadingOptions
  readonly acceptDefinition: boolean
  readonly relax: RelaxOptions
  /** Those of both sides, as far as they are reached by https. */
  readonly certificates: Readonly<Record<'source' | 'target', readonly ServerCertificate[]>>
  readonly signal: AbortSignal
}

/** Indexes looked at at the same time. */
const lanes = 4

export async function assessCopy(context: AssessContext): Promise<Assessment> {
  const { source, target, signal } = context
  const facts = {
    source: source.kind === 'cluster' ? await readClusterFacts(source.cluster) : undefined,
    target: target.kind === 'cluster' ? await readClusterFacts(target.cluster) : undefined,
  }
  const findings = checkSides(context, facts)
  const plan = await planOrExplain(context, findings)
  const privileges =
    target.kind === 'cluster' && mayWrite(findings) ? await checkTargetPrivileges(target.cluster, signal) : undefined
  findings.push(...(privileges?.findings ?? []))
  const trials =
    target.kind === 'cluster' && privileges?.canProbe ? new DefinitionTrials(target.cluster, signal) : undefined
  const indexes = plan ? await assessIndexes({ ...context, facts, trials, plan, options: context.plan }) : []
  if (plan) findings.push(...(await checkTotals(context, plan, indexes, facts.target)))
  const sorted = [...indexes].sort((a, b) => verdictRank(a.verdict) - verdictRank(b.verdict))
  return {
    source: describeSide(source),
    target: describeSide(target),
    indexes: sorted,
    findings: worstFirst(findings),
    estimate: estimateCopy(indexes),
    verdict: verdictOf([...findings.map(({ severity }) => severity), ...indexes.map(({ verdict }) => verdict)]),
  }
}

const describeSide = (side: SourceSide | TargetSide): AssessedSide =>
  side.kind === 'cluster'
    ? { name: side.cluster.name, version: formatVersion(side.cluster.version) }
    : { name: side.file === '-' ? 'standard input or output' : side.file, version: null }

interface SideFacts {
  readonly source: ClusterFacts | undefined
  readonly target: ClusterFacts | undefined
}

function checkSides({ source, target, certificates }: AssessContext, facts: SideFacts): Finding[] {
  const cluster = (side: SourceSide | TargetSide): Cluster | undefined =>
    side.kind === 'cluster' ? side.cluster : undefined
  const findings = checkVersions(cluster(source), cluster(target))
  for (const side of ['source', 'target'] as const) {
    const clock = facts[side]?.clock
    if (clock) findings.push(...checkClock(side, clock.clusterMs, clock.ourMs))
    findings.push(...checkCertificates(side, certificates[side], now()))
  }
  if (facts.target) {
    findings.push(...checkTargetHealth(facts.target.health), ...checkClusterBlocks(facts.target.settings, true))
  }
  return findings
}

/** Where the whole target takes no writes, every probe would only say so again. */
const mayWrite = (findings: readonly Finding[]): boolean =>
  !findings.some(({ check, severity }) => check === 'blocks' && severity === 'error')

/** A plan that is impossible (no such index, closed, not visible) is a finding; everything else is still looked at. */
async function planOrExplain(
  { source, target, plan, signal }: AssessContext,
  findings: Finding[],
): Promise<CopyPlan | undefined> {
  const note = (text: string) => {
    // Notes about one index are told with the index.
    if (/^index \S+: /.test(text)) return
    const remedy = 'Open it (POST /INDEX/_open) if it is to be copied.'
    findings.push(/ is closed /.test(text) ? finding('plan', 'warning', text, remedy) : finding('plan', 'note', text))
  }
  try {
    return await planCopy(source, target, { ...plan, note })
  } catch (error) {
    const isAnswer = error instanceof IndexferryError && planningErrors.has(error.code)
    if (!isAnswer) throw error
    const missing =
      error.code === 'PRIVILEGE_MISSING' && source.kind === 'cluster'
        ? await checkSourcePrivileges(source.cluster, source.expression, signal)
        : []
    findings.push(...(missing.length > 0 ? missing : [findingOf('plan', error)]))
    return undefined
  }
}

const planningErrors: ReadonlySet<string> = new Set([
  'INDEX_MISSING',
  'INDEX_CLOSED',
  'PRIVILEGE_MISSING',
  'TARGET_READ_ONLY',
  'REQUEST_REFUSED',
  'SHARD_FAILED',
])

/** One row for each unit of the plan, and one for each index that problems kept out of it. */
async function assessIndexes(context: IndexContext): Promise<AssessedIndex[]> {
  const { units, problems } = context.plan
  const planned = new Set(units.map(({ sourceIndex }) => sourceIndex))
  const left = new Set(
    problems.map(({ fields }) => String(fields.index ?? '')).filter((index) => index && !planned.has(index)),
  )
  const unsettled = [...left].map((index): CopyUnit => ({ name: index, sourceIndex: index, targetIndex: '' }))
  const waiting = [...units, ...unsettled]
  const assessed: AssessedIndex[] = []
  for (let at = 0; at < waiting.length; at += lanes) {
    context.signal.throwIfAborted()
    assessed.push(...(await Promise.all(waiting.slice(at, at + lanes).map((unit) => assessIndex(context, unit)))))
  }
  return assessed
}

/** What all indexes together need of the target, and what a copy does to each of them. */
async function checkTotals(
  { target, relax }: AssessContext,
  { units, problems }: CopyPlan,
  indexes: readonly AssessedIndex[],
  facts: ClusterFacts | undefined,
): Promise<Finding[]> {
  // Problems that are of no single index.
  const findings = problems
    .filter(({ fields }) => fields.index === undefined && fields.target === undefined)
    .map((problem) => findingOf('plan', problem))
  if (target.kind === 'file') return [...findings, ...(await checkTargetFile(target.file))]
  if (!facts) return findings
  const dataNodes = 'value' in facts.disks ? facts.disks.value.length : 1
  const copies = (unit: CopyUnit) => shardCopies(unit.definition?.settings ?? {}, dataNodes)
  const needs = units.map((unit, at) => ({ bytes: indexes[at]?.bytes ?? 0, copies: copies(unit) }))
  const isNew = (at: number) =>
    indexes[at]?.findings.some(({ check, severity }) => check === 'target' && severity === 'ok')
  const newShards = units.reduce((sum, unit, at) => {
    const shards = Number(unit.definition?.settings.number_of_shards ?? 1)
    return isNew(at) ? sum + shards * copies(unit) : sum
  }, 0)
  findings.push(
    ...checkSpace(needs, facts.disks, facts.settings),
    ...checkShardLimit(newShards, facts.health, facts.settings),
  )
  const relaxed = Object.keys(relaxedSettings(relax))
  if (relaxed.length > 0) {
    findings.push(
      finding(
        'settings',
        'note',
        `during the copy ${relaxed.join(', ')} of the target indexes are relaxed, and restored afterwards`,
      ),
    )
  }
  return findings
}
